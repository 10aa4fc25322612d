package org.sealwax.router.certs.acme;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.http.HttpsUrl;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * {@code [acme]}: certificates from an authority that speaks ACME (RFC 8555).
 *
 * @param directory of the authority
 * @param agreeTos whether the admin agrees to its terms of service
 * @param contact addresses that the authority may write to
 * @param names each gets a certificate of its own; empty: the host name
 * @param challenge how names are proven
 * @param listen where http-01 or tls-alpn-01 is answered
 * @param dnsCommand publishes and removes TXT records
 * @param dnsWait time for the record to reach all name servers
 * @param profile of the authority
 * @param keyType of new keys
 * @param eabKeyId key identifier of an external account binding
 * @param eabKeyFile its HMAC key
 * @param roots authorities that the directory's own certificate may come from
 */
@SettingTable(
    name = "acme",
    together = {"eab_key_id", "eab_key_file"},
    purpose =
        "Certificates from an authority by ACME (RFC 8555): ordered, renewed and put in force without a restart.")
public record AcmeSettings(
    @Setting(
            example = "https://acme-v02.api.letsencrypt.org/directory",
            restart = true,
            required = true,
            doc = "Directory URL of the authority.")
        Optional<HttpsUrl> directory,
    @Setting(
            fallback = "false",
            restart = true,
            doc =
                "true: you agree to the terms of service of the authority. Nothing is ordered without it.")
        boolean agreeTos,
    @Setting(
            example = "postmaster@example.org",
            restart = true,
            doc = "Mail addresses of the account; the authority may write to them.")
        List<Mailbox> contact,
    @Setting(
            example = {"mx.example.org", "mta-sts.example.org"},
            restart = true,
            doc =
                "Names to get certificates for, each one of its own, with its own orders and failures. The first handshake for a name shows the certificate of the hostname until it is issued. Default: the hostname.")
        List<Domain> names,
    @Setting(
            fallback = "http-01",
            restart = true,
            doc =
                "Proof of control over a name: http-01 (answered at port 80), tls-alpn-01 (at port 443), dns-01 (a TXT record, published by a dynamic update of a zone in [[dns_update]], or by dns_command).")
        ChallengeType challenge,
    @Setting(
            example = "*:80",
            restart = true,
            doc =
                "Address and port at which http-01 or tls-alpn-01 is answered. The authority connects to port 80 or 443 of the name. Default: all addresses, port 80 or 443.")
        Optional<InetSocketAddress> listen,
    @Setting(
            example = "/etc/sealwax/acme-dns",
            restart = true,
            doc =
                "Command for dns-01, run as \"COMMAND present NAME VALUE\" and \"COMMAND cleanup NAME VALUE\": it publishes and removes the TXT record NAME with VALUE, and exits with 0 (the interface of lego's exec provider). Default: dynamic updates by [[dns_update]].")
        Optional<Path> dnsCommand,
    @Setting(
            fallback = "30s",
            least = "0s",
            most = "1h",
            restart = true,
            doc =
                "Time between the publication of a record for dns-01 and the request to validate it: until then all name servers of the zone should have it.")
        Duration dnsWait,
    @Setting(
            example = "shortlived",
            restart = true,
            doc =
                "Certificate profile, one of those that the directory lists. Default: its choice.")
        Optional<String> profile,
    @Setting(
            fallback = "ecdsa",
            restart = true,
            doc =
                "Type of a new key: ecdsa (P-256) or rsa (2048 bits). A renewal keeps the key that there is.")
        KeyType keyType,
    @Setting(
            example = "kid-1",
            restart = true,
            doc = "Key identifier for authorities that ask for an external account binding.")
        Optional<String> eabKeyId,
    @Setting(
            example = "/etc/sealwax/acme-eab.key",
            restart = true,
            doc = "File with the HMAC key for eab_key_id, in base64url.")
        Optional<Path> eabKeyFile,
    @Setting(
            example = "/etc/sealwax/acme-roots.pem",
            restart = true,
            doc =
                "PEM file of the authorities that the certificate of the directory must come from. Default: the public ones of this machine.")
        Optional<Path> roots) {
  /** Names; Let's Encrypt issues 50 certificates a week for one registered domain. */
  public static final int MAX_NAMES = 1_000;

  /** The ways to prove control over a name. */
  public enum ChallengeType {
    /** A file below {@code /.well-known/acme-challenge/} (RFC 8555 8.3). */
    HTTP_01("http-01", 80),
    /** A certificate shown for one application protocol (RFC 8737). */
    TLS_ALPN_01("tls-alpn-01", 443),
    /** A TXT record (RFC 8555 8.4). */
    DNS_01("dns-01", 53);

    private final String word;
    private final int port;

    ChallengeType(String word, int port) {
      this.word = word;
      this.port = port;
    }

    /** {@return the name in the registry of RFC 8555 9.7.8} */
    String word() {
      return word;
    }
  }

  /** Types of keys. */
  public enum KeyType {
    /** P-256. */
    ECDSA,
    /** 2048 bits. */
    RSA
  }

  /** Copies. */
  public AcmeSettings {
    contact = List.copyOf(contact);
    names = List.copyOf(names);
  }

  /** Whether certificates are ordered at all. */
  public boolean enabled() {
    return directory.isPresent() && agreeTos;
  }

  /**
   * {@return the names, each for a certificate of its own, the host name first where it is one of
   * them}
   *
   * @param host the host name
   */
  public List<Domain> names(Domain host) {
    if (names.isEmpty()) {
      return List.of(host);
    }
    return Stream.concat(
            names.stream().filter(host::equals), names.stream().filter(n -> !n.equals(host)))
        .distinct()
        .toList();
  }

  /** Where the challenges are answered; empty: by DNS. */
  public Optional<InetSocketAddress> listenAddress() {
    return challenge == ChallengeType.DNS_01
        ? Optional.empty()
        : Optional.of(listen.orElseGet(() -> new InetSocketAddress(challenge.port)));
  }
}
