"""Tables and pictures to pages, workbooks, CSV and JSON that people open; data in, text or bytes out."""
