"""Sources of problems: easy-VQA, a JSONL file, a data set of the Hugging Face hub."""
