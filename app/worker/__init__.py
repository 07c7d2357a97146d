"""Claims jobs, works on them step by step, beats their leases, rescues what others lost."""
