"""notify 通知: tells applicants and authorities what concerns them; the inbox is the record."""
