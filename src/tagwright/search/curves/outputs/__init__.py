"""What a finished curve leaves: files for programs, a page and a picture for people."""
