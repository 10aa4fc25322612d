package org.sealwax.lab.site;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.lab.traps.Trap;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.testkit.tls.LabCertificateAuthority;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;
import org.sealwax.testkit.zone.ZoneSigning;

/**
 * A private lab in this process: DNS, hosts and policy hosts of all traps.
 *
 * <pre>{@code
 * try (Lab lab = new Lab(LabSettings.defaults(), Clock.system(), RandomSource.secure())) {
 *   LabToken token = lab.issue(Traps.quick());
 *   // the sender asks lab.resolver(), trusts lab.anchors() and lab.rootPem(),
 *   // and sends from token.sender() to each of token.recipients()
 *   Sighting seen = token.sighting("e3");
 * }
 * }</pre>
 *
 * <p>Thread-safe.
 */
public final class Lab implements Closeable {
  /** Tokens at the same time: each has some 300 sockets. */
  public static final int MAX_TOKENS = 50;

  private static final int TOKEN_LENGTH = 6;

  private final LabSettings settings;
  private final LoopbackResolver dns;
  private final SiteSetup setup;
  private final TokenListeners routerDomainListeners = new TokenListeners();

  /**
   * Starts the DNS, without any token yet.
   *
   * @throws IOException when its port is not available
   */
  public Lab(LabSettings settings, Clock clock, RandomSource random) throws IOException {
    this.settings = settings;
    this.dns = LoopbackResolver.start(clock, settings.dns());
    String zone = settings.zone();
    List<Zone> above = new ArrayList<>();
    above.add(Zone.of(zone, "").signed(ZoneSigning.NSEC3));
    String tld = zone.substring(zone.lastIndexOf('.') + 1);
    if (!tld.equals(zone)) {
      above.add(Zone.of(tld, "").signed().with(Zone.Algorithm.RSA_SHA256));
    }
    dns.add(above);
    this.setup =
        new SiteSetup(settings, clock, random, new LabCertificateAuthority(clock, random), dns);
  }

  /** Where the sender's resolver is. */
  public InetSocketAddress resolver() {
    return dns.address();
  }

  /** The trust anchor for a validating resolver: DS records in presentation form. */
  public List<String> anchors() {
    return dns.anchors();
  }

  /** The CA to trust, in PEM. */
  public String rootPem() {
    return setup.authority().rootPem();
  }

  /** How it is set up. */
  public LabSettings settings() {
    return settings;
  }

  /**
   * Whether the resolver acts as one that validates: AD on what is secure, SERVFAIL for what is
   * bogus. For senders that do not validate themselves: Postfix, Exim, all that use the C library.
   * A client that sets CD gets all records.
   */
  public void actValidating(boolean acts) {
    dns.setAuthenticData(acts);
    dns.hideBogus(acts);
  }

  /**
   * Sets the sites of these test cases up under a fresh token.
   *
   * @throws IOException when an address is not available; nothing stays open then
   * @throws IllegalStateException when there are {@link #MAX_TOKENS} already
   */
  public LabToken issue(List<Trap.TrapCase> trapCases) throws IOException {
    if (setup.tickets().size() >= MAX_TOKENS) {
      throw new IllegalStateException("at most " + MAX_TOKENS + " tokens at once");
    }
    String token = setup.token(TOKEN_LENGTH);
    // Own sockets, and addresses that no other program uses.
    TokenListeners listeners = new TokenListeners();
    return setup.issue(
        trapCases,
        token,
        new TokenResources(
            settings.addresses(),
            listeners,
            false,
            Long.MAX_VALUE,
            mail ->
                ReturnSite.open(setup, mail, setup.zone(token), settings.addresses(), listeners),
            listeners));
  }

  /**
   * Sets a domain of the sender's own up: everything around its mail host, at which the sender
   * itself is to listen. It ends with the lab.
   *
   * @param domain not below the lab's zone, and below the same top: {@code sender.example}
   * @param token whose report host takes reports about it
   * @throws IOException when an address is not available
   */
  public RouterDomain routerDomain(String domain, LabToken token) throws IOException {
    RouterDomain.RouterDomainZone zone =
        RouterDomain.build(setup, domain, "report." + token.zone(), routerDomainListeners);
    dns.add(zone.zones());
    return zone.routerDomain();
  }

  /** Ends all tokens, and the DNS. */
  @Override
  public void close() throws IOException {
    for (LabToken token : setup.tickets()) {
      token.close();
    }
    routerDomainListeners.close();
    dns.close();
  }
}
