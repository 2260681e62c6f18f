"""The contenders: each reads a job and sums one field, as its users would write it.

All have a `client_of(job)`, which is made once, and a function for each endpoint.
"""
