"""Control: what the staff took off, back and out, beside what they sold, read from the audit log, which nobody can rewrite unseen."""
