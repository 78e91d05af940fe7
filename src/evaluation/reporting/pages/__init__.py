"""HTML pages, the first page and the PDF."""
