"""Text, pure: addresses, sentences, words, quotes, markdown, reports."""
