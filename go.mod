module github.com/wsbridge/wsbridge

go 1.26.8
