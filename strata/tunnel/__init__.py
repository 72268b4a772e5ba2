"""A way to a private database: through the stack's jump host by Session Manager, without an open port.

An IAM token is signed for the database's real host and port, and TLS compares the certificate with the real host. So
nothing here changes what a client calls the database; it only changes where its bytes go.
"""
