"""What a report was made from: code, environment, files and their sums, described for whoever checks it."""
