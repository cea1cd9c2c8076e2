"""AWS on one machine: moto's server, the functions in processes of their own, and what calls them in AWS's stead."""
