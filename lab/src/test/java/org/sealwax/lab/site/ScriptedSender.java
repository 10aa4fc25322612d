package org.sealwax.lab.site;

import java.io.IOException;
import java.io.InputStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.ClientOffer;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.RootStore;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * A sender with known habits, so that verdicts can be held against a recorded truth. It is not a
 * mail router: it delivers one probe at a time, by the rules or against them.
 */
public final class ScriptedSender {
  /** The habits. */
  public enum Kind {
    /** By the standards: DANE, MTA-STS, TLS where it is, the next host, plaintext last. */
    GOOD,
    /** Delivers at any price: no validation, no policy, any certificate, plaintext at once. */
    CARELESS,
    /** As it was before 1999: no TLS at all, everything delivered. */
    CLEAR,
    /** Asks for the way to every domain, and never goes. */
    NEVER,
    /** TLS wherever it comes about, with any certificate; no policy; plaintext else. */
    UNVERIFIED,
    /**
     * TLS with a certificate of a public authority for the host's name, everywhere, or a bounce; no
     * policy.
     */
    WEBPKI,
    /**
     * Requires verified TLS 1.2 of the first host at the first attempt, and takes every policy that
     * it gets hold of; what it cannot deliver it keeps without a word.
     */
    TIMID
  }

  private static final Duration STEP = Duration.ofSeconds(40);
  private static final Duration PAUSE = Duration.ofMillis(800);

  /** Before the last try: the resolver keeps every answer for five seconds at least. */
  private static final Duration LONG_PAUSE = Duration.ofMillis(5_500);

  /** Tries of every message. */
  public static final int TRIES = 3;

  /** What is sent with REQUIRETLS, and what with TLS-Required: No (RFC 8689). */
  private static final Set<String> REQUIRE_TLS = Set.of("g2", "g3", "g4");

  private static final String TLS_OPTIONAL = "g5";

  private enum SendResult {
    DELIVERED,
    DEFERRED,
    /** TLS did not come about, or was not offered. */
    NO_TLS,
    /** The policy forbids what is there. */
    FORBIDDEN,
    /** The host has no REQUIRETLS, or not the right certificate, and the message demands both. */
    NO_REQUIRETLS
  }

  private record KnownStsPolicy(String mode, List<String> patterns) {
    boolean enforces() {
      return mode.equals("enforce");
    }

    boolean allows(String host) {
      return patterns.stream()
          .anyMatch(
              p ->
                  p.equals(host)
                      || (p.startsWith("*.")
                          && host.indexOf('.') > 0
                          && host.substring(host.indexOf('.')).equals(p.substring(1))));
    }
  }

  /** What a host must show. */
  private record RequiredProtection(
      boolean tls, boolean name, List<TlsaAssociation> associations, String sni) {
    RequiredProtection optional() {
      return new RequiredProtection(false, false, List.of(), sni);
    }
  }

  /**
   * How a lab is reached, as its output specifies.
   *
   * @param resolver to ask
   * @param anchors that hold there
   * @param rootPem the CA to trust
   * @param smtpPort of all hosts
   * @param httpsPort of all policy hosts
   */
  public record LabAccess(
      InetSocketAddress resolver,
      List<String> anchors,
      String rootPem,
      int smtpPort,
      int httpsPort) {}

  private final LabAccess lab;
  private final LabToken token;
  private final Kind kind;
  private final Resolver resolver;
  private final TlsClient tls;
  private final TrustRoots roots;
  private final Map<String, KnownStsPolicy> policies = new HashMap<>();

  /** A sender that knows the lab's resolver, anchor and CA. */
  public ScriptedSender(Lab lab, LabToken token, Kind kind, Path folder, Clock clock)
      throws IOException {
    this(
        new LabAccess(
            lab.resolver(),
            lab.anchors(),
            lab.rootPem(),
            lab.settings().smtpPort(),
            lab.settings().httpsPort()),
        token,
        kind,
        folder,
        clock);
  }

  /**
   * A sender somewhere else.
   *
   * @param clock by which its resolver forgets
   */
  public ScriptedSender(LabAccess lab, LabToken token, Kind kind, Path folder, Clock clock)
      throws IOException {
    this.lab = lab;
    this.token = token;
    this.kind = kind;
    DnsSettings dns =
        DnsSettings.defaults()
            .withResolvers(List.of(lab.resolver()))
            .withAnchors(lab.anchors())
            .withTimeout(Duration.ofSeconds(2))
            .withTotal(Duration.ofSeconds(8))
            .withValidation(
                kind == Kind.GOOD ? DnsSettings.Validation.OWN : DnsSettings.Validation.OFF);
    this.resolver = new CachingResolver(dns, clock, RandomSource.secure());
    Path ca = Files.writeString(folder.resolve(kind + ".pem"), lab.rootPem());
    this.roots = RootStore.fromPem(ca);
    TlsEngine engine = kind == Kind.CARELESS ? TlsEngine.JSSE : TlsEngine.BORINGSSL;
    TlsFactory factory =
        new TlsFactory(new TlsSettings(engine), Clock.system(), RandomSource.secure());
    IdentityStore own =
        IdentityStore.open(
            IdentitySettings.defaults(folder.resolve("id" + kind), Domain.of("mx.sender.example")),
            Clock.system(),
            RandomSource.secure());
    this.tls = factory.client(ClientTlsSettings.defaults(), own);
  }

  /** Delivers one probe, or does with it what its habits are, with waits in real time. */
  public void send(String label) throws InterruptedException {
    for (int i = 0; i < TRIES; i++) {
      if (attempt(label, i)) {
        return;
      }
      Thread.sleep(i == TRIES - 2 ? LONG_PAUSE : PAUSE);
    }
  }

  /**
   * One try to deliver a probe.
   *
   * @param number of it, from 0; after the last one some kinds give up and send a bounce
   * @return whether it was the last one
   */
  public boolean attempt(String label, int number) {
    Domain domain = Domain.of(label + "." + token.zone());
    MxSet set = MxSet.of(domain, resolver.mx(domain), Set.of(), RandomSource.secure());
    if (set instanceof MxSet.NullMx && (kind == Kind.GOOD || kind == Kind.WEBPKI)) {
      bounce(label, "5.1.10");
      return true;
    }
    if (set instanceof MxSet.Hosts hosts && kind != Kind.NEVER && round(domain, hosts, policies)) {
      return true;
    }
    boolean last = number == TRIES - 1;
    if (last && (kind == Kind.GOOD || kind == Kind.WEBPKI)) {
      bounce(label, REQUIRE_TLS.contains(label) && kind == Kind.GOOD ? "5.7.30" : "5.4.7");
    }
    return last;
  }

  /** Whether it ignores all policies. */
  private boolean ignoresPolicies() {
    return switch (kind) {
      case CARELESS, CLEAR, NEVER, UNVERIFIED, WEBPKI -> true;
      case GOOD, TIMID -> false;
    };
  }

  private boolean round(Domain domain, MxSet.Hosts hosts, Map<String, KnownStsPolicy> cache) {
    Optional<KnownStsPolicy> policy = policy(domain, cache);
    List<MxSet.MxHost> targets =
        kind == Kind.TIMID ? hosts.targets().subList(0, 1) : hosts.targets();
    List<MxSet.MxHost> inClear = new ArrayList<>();
    for (MxSet.MxHost target : targets) {
      Optional<RequiredProtection> need =
          need(target.host(), hosts, policy)
              .map(
                  n ->
                      kind == Kind.GOOD && labelOf(target.host()).equals(TLS_OPTIONAL)
                          ? n.optional()
                          : n);
      if (need.isEmpty()) {
        continue;
      }
      SendResult result = host(target.host(), need.get(), kind != Kind.CLEAR);
      if (result == SendResult.DELIVERED) {
        return true;
      }
      if (result == SendResult.NO_TLS && !need.get().tls()) {
        if (kind == Kind.CARELESS) {
          if (host(target.host(), need.get(), false) == SendResult.DELIVERED) {
            return true;
          }
        } else {
          inClear.add(target);
        }
      }
    }
    for (MxSet.MxHost target : inClear) {
      RequiredProtection required =
          new RequiredProtection(false, false, List.of(), target.host().name());
      if (host(target.host(), required, false) == SendResult.DELIVERED) {
        return true;
      }
    }
    return false;
  }

  /** What this host must show; empty when it is not to be used. */
  private Optional<RequiredProtection> need(
      Domain host, MxSet.Hosts hosts, Optional<KnownStsPolicy> policy) {
    if (kind == Kind.WEBPKI) {
      return Optional.of(new RequiredProtection(true, true, List.of(), host.name()));
    }
    if (ignoresPolicies()) {
      return Optional.of(new RequiredProtection(false, false, List.of(), host.name()));
    }
    boolean listed = policy.map(p -> !p.enforces() || p.allows(host.name())).orElse(true);
    if (!listed) {
      return Optional.empty();
    }
    if (kind == Kind.TIMID) {
      return Optional.of(new RequiredProtection(true, true, List.of(), host.name()));
    }
    boolean enforced = policy.filter(KnownStsPolicy::enforces).isPresent();
    DnsAnswer<InetAddress> address = resolver.addresses(host, Resolver.AddressFamily.IPV4);
    DnsAnswer<InetAddress> six = resolver.addresses(host, Resolver.AddressFamily.IPV6);
    if (unknown(address) && unknown(six)) {
      return Optional.empty();
    }
    boolean secure =
        hosts.security() == DnssecStatus.SECURE
            && (address.security() == DnssecStatus.SECURE || six.security() == DnssecStatus.SECURE);
    if (!secure) {
      return Optional.of(new RequiredProtection(enforced, enforced, List.of(), host.name()));
    }
    // RFC 7672 §2.2.2: the end of the alias chain, which is secure here.
    Domain base = address.kind() == DnsAnswer.Kind.FOUND ? address.name() : host;
    DnsAnswer<TlsaRecord> tlsa = resolver.tlsa(Domain.of("_25._tcp." + base));
    if (unknown(tlsa)) {
      return Optional.empty();
    }
    if (tlsa.records().isEmpty() || tlsa.security() != DnssecStatus.SECURE) {
      return Optional.of(new RequiredProtection(enforced, enforced, List.of(), host.name()));
    }
    List<TlsaAssociation> usable =
        tlsa.records().stream()
            .filter(t -> TlsaAssociation.isUsable(t.usage(), t.selector(), t.matching(), t.data()))
            .map(t -> new TlsaAssociation(t.usage(), t.selector(), t.matching(), t.data()))
            .toList();
    return Optional.of(
        new RequiredProtection(true, usable.isEmpty() && enforced, usable, base.name()));
  }

  private static boolean unknown(DnsAnswer<?> answer) {
    return answer.kind() == DnsAnswer.Kind.UNKNOWN;
  }

  private SendResult host(Domain host, RequiredProtection required, boolean withTls) {
    List<InetAddress> addresses = new ArrayList<>();
    if (kind != Kind.TIMID) {
      addresses.addAll(resolver.addresses(host, Resolver.AddressFamily.IPV6).records());
    }
    addresses.addAll(resolver.addresses(host, Resolver.AddressFamily.IPV4).records());
    if (kind == Kind.TIMID) {
      addresses.addAll(resolver.addresses(host, Resolver.AddressFamily.IPV6).records());
      addresses = addresses.subList(0, Math.min(1, addresses.size()));
    }
    if (addresses.stream().anyMatch(a -> a.getHostAddress().equals("127.0.0.1"))) {
      return SendResult.DEFERRED;
    }
    SendResult last = SendResult.DEFERRED;
    for (InetAddress address : addresses) {
      try (Wire wire =
          SystemDialer.trusted()
              .connect(new InetSocketAddress(address, lab.smtpPort()), null, STEP)) {
        wire.readTimeout(kind == Kind.TIMID ? Duration.ofMillis(40) : STEP);
        last = deliver(wire, host, required, withTls);
        if (last == SendResult.DELIVERED) {
          return last;
        }
      } catch (TlsException e) {
        last = SendResult.NO_TLS;
      } catch (IOException e) {
        last = last == SendResult.NO_TLS ? last : SendResult.DEFERRED;
      }
    }
    return last;
  }

  private SendResult deliver(Wire clear, Domain host, RequiredProtection required, boolean withTls)
      throws IOException {
    SmtpLineChannel channel = new SmtpLineChannel(clear);
    if (!channel.reply().startsWith("220")) {
      return SendResult.DEFERRED;
    }
    clear.readTimeout(STEP);
    String ehlo = channel.exchange("EHLO mx.sender.example");
    if (!ehlo.startsWith("250")) {
      if (required.tls() || withTls) {
        return SendResult.NO_TLS;
      }
      channel.exchange("HELO mx.sender.example");
    }
    boolean offered =
        ehlo.lines()
            .anyMatch(
                l ->
                    kind == Kind.TIMID
                        ? l.substring(Math.min(l.length(), 4)).equals("STARTTLS")
                            && ehlo.contains("PIPELINING")
                        : l.length() > 4
                            && l.substring(4).toUpperCase(Locale.ROOT).startsWith("STARTTLS"));
    if (!withTls) {
      return transaction(channel, host, ehlo);
    }
    if (!offered) {
      return SendResult.NO_TLS;
    }
    if (!channel.exchange("STARTTLS").startsWith("220")) {
      return SendResult.NO_TLS;
    }
    Domain sni = Domain.of(required.sni());
    ReferenceIdentity references =
        new ReferenceIdentity(
            List.of(sni, host),
            Set.of(),
            roots,
            required.associations().isEmpty()
                ? TlsaAssociations.NONE
                : new TlsaAssociations(Set.copyOf(required.associations()), List.of(sni, host)));
    ClientOffer offer =
        new ClientOffer(
            sni,
            kind == Kind.CARELESS ? new TlsFloor(TlsVersion.TLS_1_0) : TlsFloor.DEFAULT,
            kind == Kind.TIMID ? TlsVersion.TLS_1_2 : TlsVersion.TLS_1_3,
            kind == Kind.GOOD,
            false,
            true,
            false,
            references,
            host.name());
    TlsWire secured = tls.connect(clear, offer, STEP);
    if (!required.associations().isEmpty() || required.name()) {
      boolean verified =
          secured.handshake().verdict() instanceof Verdict.Verified v
              && (required.associations().isEmpty() || v.by() == Verdict.IdentifiedBy.TLSA);
      if (!verified) {
        channel.over(secured);
        channel.exchange("QUIT");
        return SendResult.FORBIDDEN;
      }
    }
    channel.over(secured);
    secured.readTimeout(STEP);
    String again = channel.exchange("EHLO mx.sender.example");
    if (kind == Kind.GOOD
        && REQUIRE_TLS.contains(labelOf(host))
        && again
            .lines()
            .noneMatch(l -> l.substring(Math.min(l.length(), 4)).equals("REQUIRETLS"))) {
      channel.exchange("QUIT");
      return SendResult.NO_REQUIRETLS;
    }
    return transaction(channel, host, kind == Kind.TIMID ? ehlo : again);
  }

  private SendResult transaction(SmtpLineChannel channel, Domain host, String capabilities)
      throws IOException {
    if (kind == Kind.TIMID && capabilities.lines().anyMatch(l -> l.endsWith("SIZE 1"))) {
      return SendResult.DEFERRED;
    }
    String site = recipientOf(host);
    String label = labelOf(host);
    // The careless one sends REQUIRETLS and does not enforce it.
    boolean word =
        REQUIRE_TLS.contains(label)
            && (kind == Kind.GOOD || kind == Kind.CARELESS || kind == Kind.TIMID)
            && capabilities.contains("REQUIRETLS");
    String header = label.equals(TLS_OPTIONAL) && kind == Kind.GOOD ? "TLS-Required: No\r\n" : "";
    if (!channel
            .exchange("MAIL FROM:<" + token.sender() + ">" + (word ? " REQUIRETLS" : ""))
            .startsWith("250")
        || !channel.exchange("RCPT TO:<probe@" + site + ">").startsWith("250")
        || !channel.exchange("DATA").startsWith("354")) {
      return SendResult.DEFERRED;
    }
    boolean taken = channel.exchange(header + "Subject: probe\r\n\r\nprobe\r\n.").startsWith("250");
    if (taken) {
      channel.exchange("QUIT");
    }
    return taken ? SendResult.DELIVERED : SendResult.DEFERRED;
  }

  /** The site of a host: the label before the token. */
  private String recipientOf(Domain host) {
    return labelOf(host) + "." + token.zone();
  }

  private String labelOf(Domain host) {
    String above = host.name().substring(0, host.name().length() - token.zone().length() - 1);
    String label = above.substring(above.lastIndexOf('.') + 1);
    return label.endsWith("-mx") ? label.substring(0, label.length() - 3) : label;
  }

  private void bounce(String label, String status) {
    Domain domain = Domain.of("bounce." + token.zone());
    String text =
        "Subject: undelivered\r\nContent-Type: message/delivery-status\r\n\r\n"
            + "Reporting-MTA: dns; mx.sender.example\r\n\r\nFinal-Recipient: rfc822; "
            + token.recipient(label)
            + "\r\nAction: failed\r\nStatus: "
            + status
            + "\r\n\r\n.";
    if (MxSet.of(domain, resolver.mx(domain), Set.of(), RandomSource.secure())
        instanceof MxSet.Hosts hosts) {
      InetAddress address =
          resolver
              .addresses(hosts.targets().getFirst().host(), Resolver.AddressFamily.IPV4)
              .records()
              .getFirst();
      try (Wire wire =
          SystemDialer.trusted()
              .connect(new InetSocketAddress(address, lab.smtpPort()), null, STEP)) {
        SmtpLineChannel channel = new SmtpLineChannel(wire);
        channel.reply();
        channel.exchange("EHLO mx.sender.example");
        channel.exchange("MAIL FROM:<>");
        channel.exchange("RCPT TO:<" + token.sender() + ">");
        channel.exchange("DATA");
        channel.exchange(text);
        channel.exchange("QUIT");
      } catch (IOException e) {
        throw new IllegalStateException("the post office is always there", e);
      }
    }
  }

  private Optional<KnownStsPolicy> policy(Domain domain, Map<String, KnownStsPolicy> cache) {
    if (ignoresPolicies()) {
      return Optional.empty();
    }
    synchronized (cache) {
      List<String> txt = resolver.txt(Domain.of("_mta-sts." + domain)).records();
      boolean one = txt.size() == 1 || (kind == Kind.TIMID && !txt.isEmpty());
      if (one) {
        fetch(domain).ifPresent(p -> cache.put(domain.name(), p));
      }
      return Optional.ofNullable(cache.get(domain.name()));
    }
  }

  private Optional<KnownStsPolicy> fetch(Domain domain) {
    Domain host = Domain.of("mta-sts." + domain);
    List<InetAddress> addresses =
        resolver.addresses(host, Resolver.AddressFamily.IPV4).records().stream()
            .filter(a -> a instanceof Inet4Address)
            .toList();
    if (addresses.isEmpty()) {
      return Optional.empty();
    }
    try (Wire wire =
        SystemDialer.trusted()
            .connect(new InetSocketAddress(addresses.getFirst(), lab.httpsPort()), null, STEP)) {
      wire.readTimeout(STEP);
      ClientOffer offer =
          new ClientOffer(
              host,
              TlsFloor.DEFAULT,
              TlsVersion.TLS_1_3,
              false,
              false,
              false,
              false,
              new ReferenceIdentity(List.of(host), Set.of(), roots),
              host.name());
      TlsWire secured = tls.connect(wire, offer, STEP);
      boolean trusted = secured.handshake().verdict() instanceof Verdict.Verified;
      if (!trusted && kind == Kind.GOOD) {
        return Optional.empty();
      }
      secured
          .out()
          .write(
              ("GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: "
                      + host
                      + "\r\nConnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      String all = read(secured.in());
      boolean fine = all.startsWith("HTTP/1.1 200") && all.contains("text/plain");
      if (kind == Kind.GOOD && (!fine || all.length() > 65_000)) {
        return Optional.empty();
      }
      String mode = "enforce";
      List<String> patterns = new ArrayList<>();
      for (String line : all.lines().toList()) {
        if (line.startsWith("mode: ")) {
          mode = line.substring(6).strip();
        } else if (line.startsWith("mx: ")) {
          patterns.add(line.substring(4).strip());
        }
      }
      return Optional.of(new KnownStsPolicy(mode, patterns));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static String read(InputStream in) throws IOException {
    StringBuilder out = new StringBuilder();
    byte[] some = new byte[8_192];
    int count = in.read(some, 0, some.length);
    while (count > 0) {
      out.append(new String(some, 0, count, StandardCharsets.ISO_8859_1));
      count = in.read(some, 0, some.length);
    }
    return out.toString();
  }

  /** Lines over a wire; the careless one takes what it read in plaintext along into TLS. */
  private final class SmtpLineChannel {
    private Wire wire;
    private byte[] held = new byte[0];

    SmtpLineChannel(Wire wire) {
      this.wire = wire;
    }

    void over(Wire next) {
      wire = next;
      if (kind != Kind.CARELESS) {
        held = new byte[0];
      }
    }

    String exchange(String line) throws IOException {
      wire.out().write((line + "\r\n").getBytes(StandardCharsets.US_ASCII));
      wire.out().flush();
      return reply();
    }

    String reply() throws IOException {
      StringBuilder out = new StringBuilder();
      while (true) {
        String line = line();
        out.append(line).append('\n');
        if (line.length() < 4 || line.charAt(3) != '-') {
          return out.toString();
        }
      }
    }

    private String line() throws IOException {
      while (true) {
        for (int i = 0; i < held.length; i++) {
          if (held[i] == '\n') {
            String line = new String(held, 0, i, StandardCharsets.ISO_8859_1).strip();
            held = Arrays.copyOfRange(held, i + 1, held.length);
            return line;
          }
        }
        byte[] some = new byte[4_096];
        int count = wire.in().read(some, 0, some.length);
        if (count <= 0) {
          throw new IOException("closed");
        }
        byte[] more = Arrays.copyOf(held, held.length + count);
        System.arraycopy(some, 0, more, held.length, count);
        held = more;
      }
    }
  }
}
