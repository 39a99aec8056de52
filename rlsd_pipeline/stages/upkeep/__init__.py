"""What is kept, made again or out of date of what the stages have left."""
