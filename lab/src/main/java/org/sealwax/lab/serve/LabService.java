package org.sealwax.lab.serve;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.sealwax.lab.site.AddressSource;
import org.sealwax.lab.site.LabSettings;
import org.sealwax.lab.site.LabToken;
import org.sealwax.lab.site.LiveSite;
import org.sealwax.lab.site.ReturnHost;
import org.sealwax.lab.site.ReturnMail;
import org.sealwax.lab.site.ReturnSite;
import org.sealwax.lab.site.SiteSetup;
import org.sealwax.lab.site.SiteZones;
import org.sealwax.lab.site.SniDispatcher;
import org.sealwax.lab.site.TokenListeners;
import org.sealwax.lab.site.TokenResources;
import org.sealwax.lab.site.TrapSession;
import org.sealwax.lab.traps.PolicyContext;
import org.sealwax.lab.traps.PublishedTlsa;
import org.sealwax.lab.traps.Site;
import org.sealwax.lab.traps.Trap;
import org.sealwax.mail.net.BoundedMap;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.ConnectionLimiter;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Limit;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.RateLimit;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.net.Wire;
import org.sealwax.testkit.tls.LabCertificateAuthority;
import org.sealwax.testkit.zone.AuthoritativeServer;
import org.sealwax.testkit.zone.AuthoritativeServerSettings;
import org.sealwax.testkit.zone.StoredZoneKey;
import org.sealwax.testkit.zone.Zone;
import org.sealwax.testkit.zone.ZoneSigning;

/**
 * The lab on the open Internet: a plain authority for a delegated zone, traps on addresses that are
 * lent to tokens, policy hosts behind one HTTPS address, and a host that receives bounces and
 * reports. Everything in it belongs to a live token, and ends with it. Thread-safe.
 */
public final class LabService implements Closeable {
  /** Bytes of evidence kept for one token: all test cases, with ClientHellos, several times. */
  public static final long EVIDENCE_LIMIT = 6_000_000;

  /** Letters of a token: 80 bits, too many to guess at any request rate. */
  static final int TOKEN_LENGTH = 16;

  /** Concurrent connections to the traps of all tokens, and to those of one. */
  private static final int TRAP_CONNECTIONS = 4_000;

  static final int TRAP_CONNECTIONS_EACH = 1_200;

  /** To the pages and policy hosts, and to the host for bounces: traps cannot use these up. */
  private static final int WEB_CONNECTIONS = 1_000;

  private static final int RETURN_HOST_CONNECTIONS = 500;

  /** Bytes of an address that make one site's network: /24, and /56 (RFC 6177 2). */
  private static final int V4_NETWORK = 3;

  private static final int V6_NETWORK = 7;

  /** Tokens that one network may ask for within an hour, those that it gave back among them. */
  private static final int TOKENS_AN_HOUR = 12;

  /** Maximum number of networks whose requests are counted. */
  private static final int MAX_ASKERS = 4_096;

  private static final Duration SWEEP = Duration.ofSeconds(5);

  /** Seconds: a restart makes another certificate. */
  private static final String TTL = "$TTL 60\n";

  /** The result of a request for a token. */
  public sealed interface TokenResult {
    /** Here it is. */
    record TokenIssued(TokenBooking booking) implements TokenResult {}

    /** Not now. */
    record TokenRefused(String reason) implements TokenResult {}
  }

  private final LabServiceSettings settings;
  private final Clock clock;
  private final AuthoritativeServer authority;
  private final SiteSetup setup;
  private final StoredZoneKey key;
  private final AddressPool pool;
  private final Limit trapConnections = Limit.of(TRAP_CONNECTIONS);
  private final SniDispatcher names;
  private final TokenListeners web;
  private final TokenListeners front;
  private final ReturnHost returnHost = new ReturnHost();
  private final Map<String, TokenBooking> bookings = new ConcurrentHashMap<>();
  private final Map<String, RateLimit> requestRates = BoundedMap.byUse(MAX_ASKERS);
  private volatile boolean closed;

  /**
   * Starts it, without any token yet.
   *
   * @param folder for the zone's key and the lab's root
   * @param clock the time
   * @param random for tokens and addresses
   * @param pages handler of HTTPS connections that ask for no policy host; owns them, before TLS
   * @throws IOException when an address, a port or a key is not available; nothing stays open then
   */
  public LabService(
      LabServiceSettings settings,
      Path folder,
      Clock clock,
      RandomSource random,
      Consumer<Wire> pages)
      throws IOException {
    this.settings = settings;
    this.clock = clock;
    this.key = StoredZoneKey.open(folder.resolve("zone.key"), settings.zone());
    LabCertificateAuthority mint =
        LabCertificateAuthority.open(folder.resolve("root.key"), clock, random);
    this.pool = new AddressPool(settings.trapsV4(), settings.trapsV6().orElse(null), random);
    this.names = new SniDispatcher(pages);
    this.web = listeners(WEB_CONNECTIONS);
    this.front = listeners(RETURN_HOST_CONNECTIONS);
    this.authority =
        AuthoritativeServer.start(
            new AuthoritativeServerSettings(
                settings.zone(),
                settings.addresses().stream()
                    .map(a -> new InetSocketAddress(a, settings.ports().dns()))
                    .toList(),
                settings.nameServers(),
                settings.dnsRate()),
            key,
            clock,
            random);
    LabSettings lab =
        new LabSettings(
            settings.zone(),
            new InetSocketAddress(settings.addresses().getFirst(), settings.ports().dns()),
            settings.ports().smtp(),
            settings.ports().https(),
            AddressSource.loopback(),
            settings.scale(),
            settings.pages() + "/at/");
    this.setup = new SiteSetup(lab, clock, random, mint, authority);
    try {
      open();
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
    var _ = Supervisor.start("lab-sweeper", () -> closed, this::sweepAlways);
  }

  private TokenListeners listeners(int most) {
    return new TokenListeners(
        new ConnectionLimiter(most, settings.connections(), settings.connectionsPerMinute(), clock),
        Optional.empty());
  }

  private void open() throws IOException {
    LiveSite site =
        ReturnSite.openSite(setup, settings.zone(), Site.of(PolicyContext.DANE), returnHost);
    // The same for every host: these services are permanent.
    site.assignAddresses(settings.addresses()::getFirst);
    for (InetAddress address : settings.addresses()) {
      for (LiveSite.LiveHost host : site.hosts()) {
        front.open(
            address,
            settings.ports().smtp(),
            wire -> new TrapSession(wire, site, host, clock).run());
      }
      web.open(address, settings.ports().https(), names);
    }
    authority.add(List.of(Zone.of(settings.zone(), text(site)).signed(ZoneSigning.WHITE_LIES)));
  }

  /**
   * The zone's own records: pages, name servers, the return host; its SPF record states that it
   * sends no mail.
   */
  private String text(LiveSite site) {
    StringBuilder out = new StringBuilder(TTL);
    List<String> hosts = new ArrayList<>(List.of(settings.zone(), "mx." + settings.zone()));
    settings.nameServers().stream()
        .filter(n -> n.endsWith("." + settings.zone()) && !hosts.contains(n))
        .forEach(hosts::add);
    for (String host : hosts) {
      for (InetAddress address : settings.addresses()) {
        out.append(host).append(". ").append(SiteZones.address(address));
      }
    }
    String leaf = PublishedTlsa.good().record(site.hosts().getFirst().leaf());
    out.append("_" + settings.ports().smtp() + "._tcp.mx TLSA " + leaf + "\n");
    if (settings.ports().smtp() != 25) {
      out.append("_25._tcp.mx TLSA " + leaf + "\n");
    }
    return out.append("@ MX 0 .\n@ TXT \"v=spf1 -all\"\n").toString();
  }

  /** How it is set up. */
  public LabServiceSettings settings() {
    return settings;
  }

  /** What the parent zone must have: DS records in presentation form. */
  public List<String> delegation() {
    return List.of(key.ds());
  }

  /** The CA under which the traps' good certificates are, in PEM. */
  public String rootPem() {
    return setup.authority().rootPem();
  }

  /** Where its DNS is. */
  public List<InetSocketAddress> resolvers() {
    return authority.addresses();
  }

  /** Tokens that are live. */
  public int live() {
    return bookings.size();
  }

  /**
   * Issues a token.
   *
   * @param from address of the client
   * @param note kept with it
   */
  public synchronized TokenResult issue(
      InetAddress from, List<Trap.TrapCase> trapCases, SenderAddressFamily family, String note) {
    sweep();
    String network = network(from);
    long own = bookings.values().stream().filter(b -> b.network().equals(network)).count();
    if (own >= settings.tokensEach()) {
      return new TokenResult.TokenRefused(
          "your network has " + own + " tokens; end one, or wait until one expires");
    }
    if (bookings.size() >= settings.tokens()) {
      return new TokenResult.TokenRefused("all tokens are in use; try again in an hour");
    }
    if (!requestRates
        .computeIfAbsent(network, n -> RateLimit.of(TOKENS_AN_HOUR, Duration.ofHours(1), clock))
        .tryTake()) {
      return new TokenResult.TokenRefused(
          "your network had too many tokens within an hour; try again later");
    }
    String token = setup.token(TOKEN_LENGTH);
    try {
      LabToken ticket = setup.issue(trapCases, token, lent(setup.zone(token), family));
      TokenBooking booking =
          new TokenBooking(ticket, clock.now().plus(settings.life()), network, family, note);
      bookings.put(token, booking);
      return new TokenResult.TokenIssued(booking);
    } catch (IOException e) {
      return new TokenResult.TokenRefused("the traps could not be set up: " + FailureText.of(e));
    }
  }

  private static String network(InetAddress from) {
    byte[] bytes = from.getAddress();
    return HexFormat.of()
        .formatHex(Arrays.copyOf(bytes, bytes.length == 4 ? V4_NETWORK : V6_NETWORK));
  }

  /**
   * The live token of this name. Takes the same time for every wrong one: all are compared, each to
   * its end.
   */
  public Optional<TokenBooking> find(String token) {
    byte[] asked = token.getBytes(StandardCharsets.UTF_8);
    Instant now = clock.now();
    TokenBooking found = null;
    for (Map.Entry<String, TokenBooking> each : bookings.entrySet()) {
      byte[] there = each.getKey().getBytes(StandardCharsets.UTF_8);
      if (MessageDigest.isEqual(asked, there) && now.isBefore(each.getValue().until())) {
        found = each.getValue();
      }
    }
    return Optional.ofNullable(found);
  }

  /** Ends a token before its time. */
  public synchronized void end(TokenBooking booking) {
    if (bookings.remove(booking.token().token(), booking)) {
      try {
        booking.token().close();
      } catch (IOException e) {
        // Its sockets are closed, as intended.
      }
    }
  }

  /** Ends what has run out. */
  synchronized void sweep() {
    Instant now = clock.now();
    for (TokenBooking booking : List.copyOf(bookings.values())) {
      if (!now.isBefore(booking.until())) {
        try {
          end(booking);
        } catch (RuntimeException e) {
          // The next sweep tries it again; the others must end nevertheless.
        }
      }
    }
  }

  private void sweepAlways() {
    while (!closed) {
      try {
        Thread.sleep(SWEEP);
      } catch (InterruptedException e) {
        return;
      }
      try {
        sweep();
      } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
        // The next sweep tries it again; one fault does not end the sweeps.
      }
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    for (TokenBooking booking : List.copyOf(bookings.values())) {
      end(booking);
    }
    web.close();
    front.close();
    authority.close();
  }

  /** What one token gets. */
  private TokenResources lent(String zone, SenderAddressFamily family) {
    AddressLeases leases = new AddressLeases(pool, family, settings.addresses());
    TokenListeners own =
        new TokenListeners(
            new ConnectionLimiter(
                trapConnections,
                TRAP_CONNECTIONS_EACH,
                settings.connections(),
                settings.connectionsPerMinute(),
                clock),
            Optional.of(names));
    return new TokenResources(
        leases,
        own,
        true,
        EVIDENCE_LIMIT,
        mail -> returnZone(zone, mail, own),
        () -> {
          returnHost.close(zone);
          own.close();
          leases.close();
        });
  }

  private String returnZone(String zone, ReturnMail mail, TokenListeners own) throws IOException {
    returnHost.open(zone, mail);
    ReturnSite.openReportHandler(setup, mail, zone, settings.addresses(), own);
    StringBuilder text = new StringBuilder(TTL);
    for (String name : List.of("bounce", "report")) {
      text.append(name + " MX 10 mx." + settings.zone() + ".\n");
    }
    settings.addresses().forEach(a -> text.append("report " + SiteZones.address(a)));
    return text.toString();
  }
}
