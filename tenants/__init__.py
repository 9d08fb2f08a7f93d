"""Who people are, which organization they act for, and what they may do there."""
