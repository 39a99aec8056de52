"""The results beside what the paper reports, in the forms that papers and notes take."""
