"""The contenders: each walks a job and sums one field, in the way its users would write it.

All have a `client_of(job)`, which is made once, and a walk for each endpoint that is measured.
"""
