"""`/v1/jobs/{job_id}/reviews`."""
