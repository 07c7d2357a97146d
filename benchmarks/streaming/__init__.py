"""What a stream costs: many readers of one log, beside others who do the same in the same minute."""
