"""Accounts of business guests, who pay later (挂账): up to a limit, kept by a constraint; settled in cash or by transfer."""
