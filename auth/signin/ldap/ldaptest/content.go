package ldaptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// conf is slapd's configuration; its argument is the folder.
const conf = `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %[1]s/pid
argsfile %[1]s/args
TLSCACertificateFile %[1]s/ca.pem
TLSCertificateFile %[1]s/server.pem
TLSCertificateKeyFile %[1]s/server.key
database mdb
suffix "` + Base + `"
rootdn "` + rootDN + `"
rootpw "` + rootPassword + `"
directory %[1]s/db
maxsize 16777216
dbnosync
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="` + ServiceDN + `" read by anonymous auth by * none
`

// data is what a fresh directory holds.
const data = `dn: ` + Base + `
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ` + ServiceDN + `
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: service
userPassword: ` + ServicePassword + `

dn: ` + People + `
objectClass: organizationalUnit
ou: people

dn: uid=ada,` + People + `
objectClass: inetOrgPerson
uid: ada
cn: Ada Lovelace
sn: Lovelace
mail: ada@example.com
userPassword: ` + AdaPassword + `

dn: uid=grace,` + People + `
objectClass: inetOrgPerson
uid: grace
cn: Grace Hopper
sn: Hopper
mail: grace@example.com
userPassword: ` + GracePassword + `

dn: ` + Group + `
objectClass: groupOfNames
cn: git
member: uid=ada,` + People + `
`

// certify makes an authority, a certificate of the server by it, and another authority that has signed nothing.
func certify(t testing.TB, dir string) (ca, wrong string) {
	t.Helper()
	var parents []*x509.Certificate
	var keys []*ecdsa.PrivateKey
	for i, name := range []string{"ca.pem", "wrong.pem", "server.pem"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), BasicConstraintsValid: true,
			IsCA: name != "server.pem", KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
		parent, signer := c, key
		if name == "server.pem" {
			c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			c.KeyUsage = x509.KeyUsageDigitalSignature
			parent, signer = parents[0], keys[0]
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
		if err != nil {
			t.Fatal(err)
		}
		parents, keys = append(parents, c), append(keys, key)
		store(t, filepath.Join(dir, name), "CERTIFICATE", der)
		if der, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
			t.Fatal(err)
		}
		if name == "server.pem" {
			store(t, filepath.Join(dir, "server.key"), "PRIVATE KEY", der)
		}
	}
	return filepath.Join(dir, "ca.pem"), filepath.Join(dir, "wrong.pem")
}

func store(t testing.TB, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
