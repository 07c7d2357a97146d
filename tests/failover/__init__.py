"""PostgreSQL under Patroni and etcd, in networks that can be parted."""
