package org.sealwax.assess.cli;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.assess.Probe;
import org.sealwax.assess.Setup;
import org.sealwax.assess.model.ReceiverRubric;
import org.sealwax.assess.model.Target;
import org.sealwax.assess.receiver.ReceiverScan;
import org.sealwax.assess.receiver.RelayTest;
import org.sealwax.assess.receiver.SmugglingTest;
import org.sealwax.assess.review.Reviews;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.Folders;
import org.sealwax.mail.cli.Surroundings;
import org.sealwax.mail.cli.Version;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.live.Authorities;
import org.sealwax.mail.dns.live.LiveResolver;
import org.sealwax.mail.dns.live.ResolverCheck;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.net.SpecialUse;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.smtp.MailboxParser;
import org.sealwax.mail.sts.fetch.PolicyFetcher;
import org.sealwax.mail.tls.ClientTls;
import org.sealwax.mail.tls.RootStore;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsRoom;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.TrustRoots;

/**
 * Everything that assessments of one run share, made from the command line.
 *
 * @param setup for {@link org.sealwax.assess.Assessment}
 */
public record Examiner(Setup setup, LiveResolver resolver) {
  private static final int DNS = 53;
  private static final int HTTPS = 443;

  /** For one fetch of a policy: RFC 8461 3.3 lets senders give up after a minute. */
  private static final Duration POLICY_TIME = Duration.ofSeconds(20);

  /** Services named by {@code --also}: each costs a connection and up to ten seconds. */
  private static final int MAX_ALSO = 16;

  /** Answers kept in a survey: what is above the domains is asked for again, they are not. */
  private static final int SURVEY_ANSWERS = 4_000;

  /**
   * Why nothing can be said of DNSSEC here, in words for the person; empty when a resolver lets us
   * validate. Asked when answers did not validate: before a domain is blamed for that.
   */
  Optional<String> resolverTrouble() throws InterruptedException {
    List<ResolverCheck> checks = resolver.checkResolvers();
    return checks.isEmpty() || !checks.stream().allMatch(ResolverCheck::isTrouble)
        ? Optional.empty()
        : Optional.of(
            String.join("; ", checks.stream().map(ResolverCheck::toString).toList())
                + ". Use a validating resolver such as unbound (--dns ADDRESS), or leave DNSSEC out"
                + " (--no-dnssec)");
  }

  /** Lines of a file of trust anchors: the root has two keys, a lab a few. */
  private static final int MAX_ANCHORS = 64;

  /**
   * Reads options and files.
   *
   * @throws IOException which file is wrong
   * @throws Arguments.Misuse which option is wrong
   */
  public static Examiner of(
      Arguments arguments, Surroundings around, Folders folders, Target target)
      throws IOException, Arguments.Misuse {
    // What a person names by its address may be anywhere; what the DNS names may not.
    boolean named = target instanceof Target.Host host && !host.addresses().isEmpty();
    return of(arguments, around, folders, named, Setup.Gate.open(), dns(arguments, around));
  }

  /** For many targets, through a gate. */
  static Examiner of(
      Arguments arguments, Surroundings around, Folders folders, boolean anywhere, Setup.Gate gate)
      throws IOException, Arguments.Misuse {
    DnsSettings dns = dns(arguments, around).withCacheEntries(SURVEY_ANSWERS);
    return of(arguments, around, folders, anywhere, gate, dns);
  }

  private static Examiner of(
      Arguments arguments,
      Surroundings around,
      Folders folders,
      boolean anywhere,
      Setup.Gate gate,
      DnsSettings dns)
      throws IOException, Arguments.Misuse {
    TlsRoom.beforeAnything();
    Clock clock = Clock.system();
    Chance chance = Chance.secure();
    boolean inner = anywhere || arguments.has("--allow-private");
    Dialer dialer =
        inner ? SystemDialer.trusted() : SystemDialer.guarded(DialerSettings.defaults());
    LiveResolver resolver = resolver(dns, clock, chance);
    TrustRoots roots = roots(arguments, around);
    String ehlo = ehlo(arguments, folders);
    TlsClient tls = new TlsRoom(TlsSettings.defaults(), clock, chance).client(ClientTls.defaults());
    HttpsClient web = new HttpsClient(resolver, dialer, tls, roots, clock);
    PolicyFetcher fetcher =
        new PolicyFetcher(web, port(arguments, "--policy-port", HTTPS), POLICY_TIME);
    List<Probe> probes = new ArrayList<>(List.of(new ReceiverScan(dialer, clock, chance, tls)));
    mailbox(arguments, "--relay-test")
        .ifPresent(own -> probes.add(new RelayTest(own, resolver, dialer, clock, chance)));
    mailbox(arguments, "--smuggling-test")
        .ifPresent(own -> probes.add(new SmugglingTest(own, dialer, clock, chance)));
    Setup setup =
        new Setup(
            resolver,
            probes,
            Reviews.all(
                new Reviews.Needs(
                    resolver,
                    dns.validation() != DnsSettings.Validation.OFF,
                    new Authorities(
                            dns, clock, chance, a -> inner || SpecialUse.of(a).isEmpty(), DNS)
                        ::tlsa,
                    dialer,
                    fetcher,
                    web,
                    also(arguments),
                    roots,
                    inner,
                    hasIpv6(),
                    clock)),
            ReceiverRubric.rules(),
            ehlo,
            port(arguments, "--port", Target.MAIL),
            "sealwax " + Version.text(),
            Setup.PARALLEL,
            gate,
            clock,
            chance);
    return new Examiner(setup, resolver);
  }

  private static LiveResolver resolver(DnsSettings settings, Clock clock, Chance chance)
      throws IOException {
    try {
      return new LiveResolver(settings, clock, chance);
    } catch (IllegalArgumentException e) {
      throw new IOException("--trust-anchor: " + e.getMessage(), e);
    }
  }

  /** A mailbox that any server can be told of: ASCII, nothing quoted, in a domain. */
  private static Optional<Mailbox> mailbox(Arguments arguments, String option)
      throws Arguments.Misuse {
    Optional<String> text = arguments.value(option);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    Optional<Mailbox> own =
        MailboxParser.parse(text.get())
            .filter(
                m -> m.isAscii() && m.domain() instanceof Domain && !m.toString().contains("\""));
    if (own.isEmpty()) {
      throw new Arguments.Misuse(option + " is a mailbox of yours: you@example.org");
    }
    return own;
  }

  static int port(Arguments arguments, String option, int standard) throws Arguments.Misuse {
    Optional<String> text = arguments.value(option);
    return text.isEmpty() ? standard : AssessCommand.number(option, text.get(), 65_535);
  }

  /** Services whose TLS begins with the first octet: {@code www.example.org:443,[::1]:993}. */
  private static List<Target.Host> also(Arguments arguments) throws Arguments.Misuse {
    List<Target.Host> services = new ArrayList<>();
    String text = arguments.value("--also").orElse("");
    if (text.isEmpty()) {
      return services;
    }
    for (String word : text.split(",", -1)) {
      if (services.size() < MAX_ALSO
          && Target.read(word).orElse(null) instanceof Target.Host service) {
        services.add(service);
      } else {
        throw new Arguments.Misuse("--also is HOST:PORT, or up to " + MAX_ALSO + " with commas");
      }
    }
    return services;
  }

  private static String ehlo(Arguments arguments, Folders folders) throws Arguments.Misuse {
    Optional<String> name = arguments.value("--ehlo");
    if (name.isEmpty()) {
      return folders.machine().hostname().name();
    }
    return Domain.parse(name.get())
        .map(Domain::name)
        .orElseThrow(() -> new Arguments.Misuse("--ehlo is a domain name"));
  }

  private static TrustRoots roots(Arguments arguments, Surroundings around) throws IOException {
    Optional<String> file = arguments.value("--roots");
    return file.isEmpty() ? RootStore.publicRoots() : RootStore.fromPem(around.path(file.get()));
  }

  private static DnsSettings dns(Arguments arguments, Surroundings around)
      throws IOException, Arguments.Misuse {
    DnsSettings settings = DnsSettings.defaults();
    Optional<String> address = arguments.value("--dns");
    if (address.isPresent()) {
      settings = settings.withResolvers(List.of(resolver(address.get())));
    }
    Optional<String> anchor = arguments.value("--trust-anchor");
    if (anchor.isPresent()) {
      settings = settings.withAnchors(anchors(around.path(anchor.get())));
    }
    if (arguments.has("--no-dnssec")) {
      settings = settings.withValidation(DnsSettings.Validation.OFF);
    }
    return settings;
  }

  private static List<String> anchors(Path file) throws IOException {
    List<String> lines =
        Files.readAllLines(file, StandardCharsets.UTF_8).stream()
            .map(String::strip)
            .filter(l -> !l.isEmpty() && !l.startsWith(";") && !l.startsWith("#"))
            .toList();
    if (lines.isEmpty() || lines.size() > MAX_ANCHORS) {
      throw new IOException(file + ": 1 to " + MAX_ANCHORS + " DS or DNSKEY records");
    }
    return lines;
  }

  /** {@code 192.0.2.53}, {@code 192.0.2.53:5353}, {@code [2001:db8::53]:5353}. */
  static InetSocketAddress resolver(String text) throws Arguments.Misuse {
    String host = text;
    int port = DNS;
    int colon = text.lastIndexOf(':');
    boolean bracketed = text.startsWith("[");
    boolean hasPort = bracketed ? text.indexOf("]:") > 0 : colon >= 0 && colon == text.indexOf(':');
    if (hasPort) {
      port = AssessCommand.number("the port of --dns", text.substring(colon + 1), 65_535);
      host = text.substring(0, colon);
    }
    if (bracketed && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    try {
      return new InetSocketAddress(InetAddress.ofLiteral(host), port);
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw new Arguments.Misuse("--dns is an address, with :port when it is not 53");
  }

  /** Whether any interface has an IPv6 address that leads beyond the link. */
  private static boolean hasIpv6() {
    try {
      return NetworkInterface.networkInterfaces()
          .flatMap(NetworkInterface::inetAddresses)
          .anyMatch(
              a -> a instanceof Inet6Address && !a.isLinkLocalAddress() && !a.isLoopbackAddress());
    } catch (SocketException e) {
      return true;
    }
  }
}
