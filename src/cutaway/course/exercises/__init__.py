"""The exercises, a file for each chapter: ch04 has those of chapter 4."""
