"""A proof that no caller ever gets another caller's answer: seeded traffic, an oracle, and faults that it must find."""
