"""Files of users written in other ways."""
