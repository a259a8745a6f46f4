"""The sanitiser: it makes foreign text safe to print, to store and to put into Markdown."""
