package org.sealwax.assess.serve;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.http.HttpField;
import org.sealwax.mail.http.HttpRequest;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** What visitors of the service send: names, and addresses behind a proxy. */
public final class ScanFuzzTargets {
  private static final InetAddress PROXY = InetAddress.ofLiteral("10.9.8.7");

  private ScanFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.ofTexts(
            "scan-domain",
            ScanFuzzTargets::domain,
            "example.org",
            "B\u00fccher.example.org.",
            "127.0.0.1",
            "[2001:db8::1]:25",
            "localhost",
            "http://example.org/"),
        FuzzTarget.ofTexts(
            "scan-client", ScanFuzzTargets::client, "193.0.1.1, 10.9.8.7", "::1", "unknown"),
        FuzzTarget.ofTexts("scan-opt-out", ScanFuzzTargets::list, "example.org\n192.0.2.0/24 # x"));
  }

  /** What is accepted is one public name in one form; a reason repeats nothing. */
  private static void domain(byte[] input) {
    switch (RequestedDomain.read(new String(input, StandardCharsets.UTF_8))) {
      case RequestedDomain.PublicName(Domain domain) -> {
        String name = domain.name();
        holds(name.matches("[a-z0-9_.-]+\\.[a-z0-9_-]*[a-z_-][a-z0-9_-]*"), name);
        holds(!name.endsWith(".localhost") && !name.endsWith(".internal"), name);
        holds(
            RequestedDomain.read(name) instanceof RequestedDomain.PublicName(Domain again)
                && again.equals(domain),
            name + " does not read as itself");
      }
      case RequestedDomain.NoPublicName(String reason) ->
          holds(reason.matches("[A-Za-z0-9 ,.:]+"), reason);
    }
  }

  private static void client(byte[] input) {
    // The reader of HTTP lets no control character into a field.
    String text =
        new String(input, StandardCharsets.ISO_8859_1).replaceAll("[\\x00-\\x1f\\x7f-\\x9f]", "?");
    ClientAddress clients = new ClientAddress(List.of(Cidr.parse("10.9.8.7").orElseThrow()));
    HttpRequest request =
        new HttpRequest("GET", "/", 1, List.of(new HttpField("x-forwarded-for", text)));
    InetAddress other = InetAddress.ofLiteral("193.0.1.9");
    holds(clients.of(request, other).equals(other), "a client chose its address");
    String last = text.substring(text.lastIndexOf(',') + 1).strip();
    InetAddress found = clients.of(request, PROXY);
    holds(
        found.equals(PROXY) || !last.isEmpty(),
        "an address that the proxy has not added: " + found);
  }

  private static void list(byte[] input) {
    List<String> lines = new String(input, StandardCharsets.UTF_8).lines().toList();
    try {
      OptOut list = OptOut.read(lines);
      holds(list.names().stream().allMatch(list::covers), "a name that is not covered");
    } catch (IllegalArgumentException e) {
      holds(
          String.valueOf(e.getMessage()).matches("line \\d+ is not a domain, address or network"),
          "" + e.getMessage());
    }
  }
}
