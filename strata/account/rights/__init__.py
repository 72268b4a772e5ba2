"""What each role may do, and why: from a table of resource types to the documents that IAM reads."""
