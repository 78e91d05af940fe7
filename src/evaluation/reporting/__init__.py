"""From an executed notebook to what a reader opens: exhibits, HTML pages, PDF reports."""
