"""The results beside the paper's, as Markdown, LaTeX and CSV."""
