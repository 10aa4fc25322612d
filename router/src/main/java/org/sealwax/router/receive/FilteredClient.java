package org.sealwax.router.receive;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
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
   */
  static MilterClient of(ClientState client, Domain host, String listener, InetAddress own) {
    InetSocketAddress address =
        client.local
            ? new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0)
            : client.address;
    String text = AddressText.of(address.getAddress());
    Domain verified = client.local ? null : client.name.verified();
    String name =
        client.local ? "localhost" : verified == null ? "[" + text + "]" : verified.name();
    Map<String, String> macros = new HashMap<>();
    macros.put("j", host.name());
    macros.put("v", "Sealwax");
    macros.put("_", name + " [" + text + "]");
    macros.put("daemon_name", listener);
    macros.put("daemon_addr", AddressText.of(own));
    macros.put("client_addr", text);
    macros.put("client_name", name);
    macros.put("client_port", Integer.toString(address.getPort()));
    if (client.tls != null) {
      TlsLogFields tls = TlsLogFields.of(client.tls);
      macros.put("tls_version", tls.version());
      macros.put("cipher", tls.suite());
      macros.put("cipher_bits", Integer.toString(tls.bits()));
      if (tls.peerName() != null) {
        macros.put("cert_subject", tls.peerName());
      }
    }
    String user = client.login();
    if (user != null) {
      macros.put("auth_authen", user);
    }
    return new MilterClient(
        name, address, client.local ? host.name() : client.hello, client.trust.mayRelay(), macros);
  }
}
