"""What an AWS account needs once, before any stack: a bucket for state, a key, and the roles that workflows take."""
