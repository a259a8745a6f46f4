"""What passes between client and Azure, whatever the state: answers, errors, dates, and the rules of Azure's JSON."""
