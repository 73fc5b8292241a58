# Two tools, not tests: they import a browser driver that the other tests do without.
collect_ignore = ["lab.py", "look.py"]
