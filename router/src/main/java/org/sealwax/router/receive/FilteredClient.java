package org.sealwax.router.receive;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.smtp.XText;
import org.sealwax.router.log.TlsLogFields;
import org.sealwax.router.milter.MilterClient;

/** A session's client for mail filters, with the macros that Postfix sends. */
final class FilteredClient {
  private FilteredClient() {}

  /**
   * The client as it is now; waits for its name, for a limited time.
   *
   * @param host our name
   * @param listener name of the listener
   * @param own our end of the connection
   * @param author AUTH= of the MAIL command in xtext, or null (RFC 4954 section 5)
   */
  static MilterClient of(
      ClientState client, Domain host, String listener, InetAddress own, @Nullable String author) {
    InetSocketAddress address =
        client.local
            ? new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0)
            : client.address;
    String text = AddressText.of(address.getAddress());
    Domain verified = client.local ? null : client.name.verified();
    // As Postfix: an address without a verified name is "[192.0.2.1]" in CONNECT, unknown in
    // macros.
    String known = client.local ? "localhost" : verified == null ? "unknown" : verified.name();
    String name = client.local || verified != null ? known : "[" + text + "]";
    Map<String, String> macros = new HashMap<>();
    macros.put("j", host.name());
    macros.put("v", "Sealwax");
    macros.put("_", known + " [" + text + "]");
    macros.put("daemon_name", listener);
    macros.put("daemon_addr", AddressText.of(own));
    macros.put("client_addr", text);
    macros.put("client_name", known);
    macros.put("client_port", Integer.toString(address.getPort()));
    if (client.tls != null) {
      TlsLogFields tls = TlsLogFields.of(client.tls);
      macros.put("tls_version", tls.version());
      macros.put("cipher", tls.suite());
      macros.put("cipher_bits", Integer.toString(tls.bits()));
      if (!client.tls.peerChain().isEmpty()) {
        X509Certificate leaf = client.tls.peerChain().getFirst();
        macros.put("cert_subject", leaf.getSubjectX500Principal().getName());
        macros.put("cert_issuer", leaf.getIssuerX500Principal().getName());
      }
    }
    if (client.trust instanceof ClientTrust.AuthenticatedUser login) {
      macros.put("auth_authen", login.user());
      macros.put("auth_type", login.mechanism());
      if (author != null && !author.equals("<>")) {
        XText.decode(author).ifPresent(decoded -> macros.put("auth_author", decoded));
      }
    }
    return new MilterClient(
        name, address, client.local ? host.name() : client.hello, client.trust.mayRelay(), macros);
  }
}
