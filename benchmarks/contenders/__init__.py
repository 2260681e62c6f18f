"""The contenders: each walks a job and sums one field, in the way its users would write it."""
