module github.com/openbao/openbao/api/auth/userpass/v2
