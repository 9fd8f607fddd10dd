"""Programs that write tfpaint for servers, phones and browsers, and compare what they wrote."""
