"""Many deep jobs with large pages that wait in one worker."""
