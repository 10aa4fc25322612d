package org.sealwax.lab.serve;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.sealwax.lab.site.LabSettings;
import org.sealwax.mail.address.Cidr;

/**
 * How a public lab is set up.
 *
 * @param zone what is delegated to it; its pages are at this name
 * @param nameServers as the parent has them; those within the zone get {@code addresses}
 * @param addresses of this machine, for DNS, pages, policy hosts, bounces and reports
 * @param trapsV4 networks of this machine for the traps, one address each
 * @param trapsV6 a network of this machine for the traps, one address each; a /64 is enough
 * @param ports on which all this is; others than the standard ones are for tests
 * @param scale by which long times are divided
 * @param tokens at the same time
 * @param tokensEach of them for one network
 * @param life of a token
 * @param connections concurrent ones of one source
 * @param connectionsPerMinute of one source
 * @param dnsRate answers a second over UDP to one network whose address is not proven
 */
public record LabServiceSettings(
    String zone,
    List<String> nameServers,
    List<InetAddress> addresses,
    List<Cidr> trapsV4,
    Optional<Cidr> trapsV6,
    LabPorts ports,
    int scale,
    int tokens,
    int tokensEach,
    Duration life,
    int connections,
    int connectionsPerMinute,
    int dnsRate) {
  /**
   * Each token has some 300 sockets and at most {@link LabService#EVIDENCE_LIMIT} bytes of
   * evidence.
   */
  public static final int TOKENS = 40;

  /** A home, an office or a data centre: several users at once. */
  public static final int TOKENS_EACH = 3;

  /** Second tries and bounces of most senders are within it. */
  public static final Duration LIFE = Duration.ofHours(4);

  /** A sender that tries all test cases at once has some 200. */
  public static final int CONNECTIONS = 300;

  /** All test cases, each several times down the fallback steps. */
  public static final int CONNECTIONS_PER_MINUTE = 1_200;

  /** One minute stands for five: senders keep the standards' retry times here, and users wait. */
  public static final int SCALE = 5;

  /**
   * Ports.
   *
   * @param dns 53
   * @param smtp 25
   * @param https 443
   */
  public record LabPorts(int dns, int smtp, int https) {
    /** The standard ones. */
    public static final LabPorts REAL = new LabPorts(53, 25, 443);
  }

  /** Copies and checks. */
  public LabServiceSettings {
    nameServers = List.copyOf(nameServers);
    addresses = List.copyOf(addresses);
    trapsV4 = List.copyOf(trapsV4);
    if (nameServers.isEmpty() || addresses.isEmpty()) {
      throw new IllegalArgumentException("a name server needs a name and an address");
    }
    if (trapsV4.isEmpty() && trapsV6.isEmpty()) {
      throw new IllegalArgumentException("addresses for the traps");
    }
    if (scale < 1
        || tokens < 1
        || tokensEach < 1
        || !life.isPositive()
        || connections < 1
        || connectionsPerMinute < 1
        || dnsRate < 1) {
      throw new IllegalArgumentException("limits must be 1 or more");
    }
  }

  /** On this machine's loopback, to try it before it has a zone. */
  public static LabServiceSettings loopback(LabPorts ports) {
    return new LabServiceSettings(
        "lab.example",
        List.of("ns1.lab.example"),
        List.of(InetAddress.ofLiteral("127.26.0.1")),
        List.of(Cidr.parse("127.27.0.0/16").orElseThrow()),
        Optional.empty(),
        ports,
        LabSettings.SCALE,
        TOKENS,
        TOKENS_EACH,
        LIFE,
        CONNECTIONS,
        CONNECTIONS_PER_MINUTE,
        org.sealwax.testkit.zone.AuthoritativeServerSettings.RATE);
  }

  /** The address of the pages, without a last slash. */
  public String pages() {
    return "https://" + zone + (ports.https() == 443 ? "" : ":" + ports.https());
  }
}
