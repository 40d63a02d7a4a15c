"""The pictures of the chapters that are no pictures of a network, a file for each chapter."""
