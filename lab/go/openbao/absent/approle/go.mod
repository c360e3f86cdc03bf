module github.com/openbao/openbao/api/auth/approle/v2
