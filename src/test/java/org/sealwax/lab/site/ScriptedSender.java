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
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Security;
import org.sealwax.mail.dns.Tlsa;
import org.sealwax.mail.dns.live.LiveResolver;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.ClientOffer;
import org.sealwax.mail.tls.ClientTls;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.RootStore;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.TlsRoom;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.Association;
import org.sealwax.mail.tls.verdict.Associations;
import org.sealwax.mail.tls.verdict.References;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsTrouble;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * A sender with known habits, so that verdicts can be held against a recorded truth. It is no mail
 * router: it delivers one probe at a time, by the rules or against them.
 */
public final class ScriptedSender {
  /** The habits. */
  public enum Kind {
    /** By the standards: DANE, MTA-STS, TLS where it is, the next host, clear text last. */
    GOOD,
    /** Delivers at any price: no validation, no policy, any certificate, clear text at once. */
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
     * Wants verified TLS 1.2 of the first host at the first try, and takes every policy that it
     * gets hold of; what it cannot deliver it keeps without a word.
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

  private enum Result {
    DELIVERED,
    DEFERRED,
    /** TLS did not come about, or was not offered. */
    NO_TLS,
    /** The policy forbids what is there. */
    FORBIDDEN,
    /** The host has no REQUIRETLS, or not the right certificate, and the message demands both. */
    NO_REQUIRETLS
  }

  private record Policy(String mode, List<String> patterns) {
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
  private record Need(boolean tls, boolean name, List<Association> associations, String sni) {
    Need optional() {
      return new Need(false, false, List.of(), sni);
    }
  }

  /**
   * Where it sends.
   *
   * @param resolver to ask
   * @param anchors that hold there
   * @param rootPem the CA to trust
   * @param smtpPort of all hosts
   * @param httpsPort of all policy hosts
   * @param clock by which its resolver forgets
   */
  public record World(
      InetSocketAddress resolver,
      List<String> anchors,
      String rootPem,
      int smtpPort,
      int httpsPort,
      Clock clock) {}

  private final World lab;
  private final Ticket ticket;
  private final Kind kind;
  private final Resolver resolver;
  private final TlsClient tls;
  private final TrustRoots roots;
  private final Map<String, Policy> policies = new HashMap<>();

  /** A sender that knows the lab's resolver, anchor and CA. */
  public ScriptedSender(Lab lab, Ticket ticket, Kind kind, Path folder, Clock clock)
      throws IOException {
    this(
        new World(
            lab.resolver(),
            lab.anchors(),
            lab.rootPem(),
            lab.settings().smtpPort(),
            lab.settings().httpsPort(),
            clock),
        ticket,
        kind,
        folder);
  }

  /** A sender somewhere else. */
  public ScriptedSender(World lab, Ticket ticket, Kind kind, Path folder) throws IOException {
    this.lab = lab;
    this.ticket = ticket;
    this.kind = kind;
    DnsSettings dns =
        DnsSettings.defaults()
            .withResolvers(List.of(lab.resolver()))
            .withAnchors(lab.anchors())
            .withTimes(Duration.ofSeconds(2), Duration.ofSeconds(8))
            .withValidation(
                kind == Kind.GOOD ? DnsSettings.Validation.OWN : DnsSettings.Validation.OFF);
    this.resolver = new LiveResolver(dns, lab.clock(), Chance.secure());
    Path ca = Files.writeString(folder.resolve(kind + ".pem"), lab.rootPem());
    this.roots = RootStore.fromPem(ca);
    TlsEngine engine = kind == Kind.CARELESS ? TlsEngine.JSSE : TlsEngine.BORINGSSL;
    TlsRoom room = new TlsRoom(new TlsSettings(engine), Clock.system(), Chance.secure());
    IdentityStore own =
        IdentityStore.open(
            IdentitySettings.defaults(folder.resolve("id" + kind), Domain.of("mx.sender.example")),
            Clock.system(),
            Chance.secure());
    this.tls = room.client(ClientTls.defaults(), own);
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
   * @param number of it, from 0; after the last one some kinds give up and say so
   * @return whether it was the last one
   */
  public boolean attempt(String label, int number) {
    Domain domain = Domain.of(label + "." + ticket.zone());
    MxSet set = MxSet.of(domain, resolver.mx(domain), Set.of(), Chance.secure());
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

  /** Whether it goes by no policy. */
  private boolean ignoresPolicies() {
    return switch (kind) {
      case CARELESS, CLEAR, NEVER, UNVERIFIED, WEBPKI -> true;
      case GOOD, TIMID -> false;
    };
  }

  private boolean round(Domain domain, MxSet.Hosts hosts, Map<String, Policy> cache) {
    Optional<Policy> policy = policy(domain, cache);
    List<MxSet.Target> targets =
        kind == Kind.TIMID ? hosts.targets().subList(0, 1) : hosts.targets();
    List<MxSet.Target> inClear = new ArrayList<>();
    for (MxSet.Target target : targets) {
      Optional<Need> need =
          need(target.host(), hosts, policy)
              .map(
                  n ->
                      kind == Kind.GOOD && labelOf(target.host()).equals(TLS_OPTIONAL)
                          ? n.optional()
                          : n);
      if (need.isEmpty()) {
        continue;
      }
      Result result = host(target.host(), need.get(), kind != Kind.CLEAR);
      if (result == Result.DELIVERED) {
        return true;
      }
      if (result == Result.NO_TLS && !need.get().tls()) {
        if (kind == Kind.CARELESS) {
          if (host(target.host(), need.get(), false) == Result.DELIVERED) {
            return true;
          }
        } else {
          inClear.add(target);
        }
      }
    }
    for (MxSet.Target target : inClear) {
      Need need = new Need(false, false, List.of(), target.host().name());
      if (host(target.host(), need, false) == Result.DELIVERED) {
        return true;
      }
    }
    return false;
  }

  /** What this host must show; empty when it is not to be used. */
  private Optional<Need> need(Domain host, MxSet.Hosts hosts, Optional<Policy> policy) {
    if (kind == Kind.WEBPKI) {
      return Optional.of(new Need(true, true, List.of(), host.name()));
    }
    if (ignoresPolicies()) {
      return Optional.of(new Need(false, false, List.of(), host.name()));
    }
    boolean listed = policy.map(p -> !p.enforces() || p.allows(host.name())).orElse(true);
    if (!listed) {
      return Optional.empty();
    }
    if (kind == Kind.TIMID) {
      return Optional.of(new Need(true, true, List.of(), host.name()));
    }
    boolean enforced = policy.filter(Policy::enforces).isPresent();
    Answer<InetAddress> address = resolver.addresses(host, Resolver.Family.IPV4);
    Answer<InetAddress> six = resolver.addresses(host, Resolver.Family.IPV6);
    if (unknown(address) && unknown(six)) {
      return Optional.empty();
    }
    boolean secure =
        hosts.security() == Security.SECURE
            && (address.security() == Security.SECURE || six.security() == Security.SECURE);
    if (!secure) {
      return Optional.of(new Need(enforced, enforced, List.of(), host.name()));
    }
    // RFC 7672 §2.2.2: the end of the alias chain, which is secure here.
    Domain base = address.kind() == Answer.Kind.FOUND ? address.name() : host;
    Answer<Tlsa> tlsa = resolver.tlsa(Domain.of("_25._tcp." + base));
    if (unknown(tlsa)) {
      return Optional.empty();
    }
    if (tlsa.records().isEmpty() || tlsa.security() != Security.SECURE) {
      return Optional.of(new Need(enforced, enforced, List.of(), host.name()));
    }
    List<Association> usable =
        tlsa.records().stream()
            .filter(t -> Association.isUsable(t.usage(), t.selector(), t.matching(), t.data()))
            .map(t -> new Association(t.usage(), t.selector(), t.matching(), t.data()))
            .toList();
    return Optional.of(new Need(true, usable.isEmpty() && enforced, usable, base.name()));
  }

  private static boolean unknown(Answer<?> answer) {
    return answer.kind() == Answer.Kind.UNKNOWN;
  }

  private Result host(Domain host, Need need, boolean withTls) {
    List<InetAddress> addresses = new ArrayList<>();
    if (kind != Kind.TIMID) {
      addresses.addAll(resolver.addresses(host, Resolver.Family.IPV6).records());
    }
    addresses.addAll(resolver.addresses(host, Resolver.Family.IPV4).records());
    if (kind == Kind.TIMID) {
      addresses.addAll(resolver.addresses(host, Resolver.Family.IPV6).records());
      addresses = addresses.subList(0, Math.min(1, addresses.size()));
    }
    if (addresses.stream().anyMatch(a -> a.getHostAddress().equals("127.0.0.1"))) {
      return Result.DEFERRED;
    }
    Result last = Result.DEFERRED;
    for (InetAddress address : addresses) {
      try (Wire wire =
          SystemDialer.trusted()
              .connect(new InetSocketAddress(address, lab.smtpPort()), null, STEP)) {
        wire.readTimeout(kind == Kind.TIMID ? Duration.ofMillis(40) : STEP);
        last = talk(wire, host, need, withTls);
        if (last == Result.DELIVERED) {
          return last;
        }
      } catch (TlsTrouble e) {
        last = Result.NO_TLS;
      } catch (IOException e) {
        last = last == Result.NO_TLS ? last : Result.DEFERRED;
      }
    }
    return last;
  }

  private Result talk(Wire clear, Domain host, Need need, boolean withTls) throws IOException {
    Talk talk = new Talk(clear);
    if (!talk.reply().startsWith("220")) {
      return Result.DEFERRED;
    }
    clear.readTimeout(STEP);
    String ehlo = talk.say("EHLO mx.sender.example");
    if (!ehlo.startsWith("250")) {
      if (need.tls() || withTls) {
        return Result.NO_TLS;
      }
      talk.say("HELO mx.sender.example");
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
      return transaction(talk, host, ehlo);
    }
    if (!offered) {
      return Result.NO_TLS;
    }
    if (!talk.say("STARTTLS").startsWith("220")) {
      return Result.NO_TLS;
    }
    Domain sni = Domain.of(need.sni());
    References references =
        new References(
            List.of(sni, host),
            Set.of(),
            roots,
            need.associations().isEmpty()
                ? Associations.NONE
                : new Associations(Set.copyOf(need.associations()), List.of(sni, host)));
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
    if (!need.associations().isEmpty() || need.name()) {
      boolean verified =
          secured.handshake().verdict() instanceof Verdict.Verified v
              && (need.associations().isEmpty() || v.by() == Verdict.By.TLSA);
      if (!verified) {
        talk.over(secured);
        talk.say("QUIT");
        return Result.FORBIDDEN;
      }
    }
    talk.over(secured);
    secured.readTimeout(STEP);
    String again = talk.say("EHLO mx.sender.example");
    if (kind == Kind.GOOD
        && REQUIRE_TLS.contains(labelOf(host))
        && again
            .lines()
            .noneMatch(l -> l.substring(Math.min(l.length(), 4)).equals("REQUIRETLS"))) {
      talk.say("QUIT");
      return Result.NO_REQUIRETLS;
    }
    return transaction(talk, host, kind == Kind.TIMID ? ehlo : again);
  }

  private Result transaction(Talk talk, Domain host, String capabilities) throws IOException {
    if (kind == Kind.TIMID && capabilities.lines().anyMatch(l -> l.endsWith("SIZE 1"))) {
      return Result.DEFERRED;
    }
    String site = recipientOf(host);
    String label = labelOf(host);
    // The careless one says the word and does not do what it asks.
    boolean word =
        REQUIRE_TLS.contains(label)
            && (kind == Kind.GOOD || kind == Kind.CARELESS || kind == Kind.TIMID)
            && capabilities.contains("REQUIRETLS");
    String header = label.equals(TLS_OPTIONAL) && kind == Kind.GOOD ? "TLS-Required: No\r\n" : "";
    if (!talk.say("MAIL FROM:<" + ticket.sender() + ">" + (word ? " REQUIRETLS" : ""))
            .startsWith("250")
        || !talk.say("RCPT TO:<probe@" + site + ">").startsWith("250")
        || !talk.say("DATA").startsWith("354")) {
      return Result.DEFERRED;
    }
    boolean taken = talk.say(header + "Subject: probe\r\n\r\nprobe\r\n.").startsWith("250");
    if (taken) {
      talk.say("QUIT");
    }
    return taken ? Result.DELIVERED : Result.DEFERRED;
  }

  /** The site of a host: the label before the token. */
  private String recipientOf(Domain host) {
    return labelOf(host) + "." + ticket.zone();
  }

  private String labelOf(Domain host) {
    String above = host.name().substring(0, host.name().length() - ticket.zone().length() - 1);
    String label = above.substring(above.lastIndexOf('.') + 1);
    return label.endsWith("-mx") ? label.substring(0, label.length() - 3) : label;
  }

  private void bounce(String label, String status) {
    Domain domain = Domain.of("bounce." + ticket.zone());
    String text =
        "Subject: undelivered\r\nContent-Type: message/delivery-status\r\n\r\n"
            + "Reporting-MTA: dns; mx.sender.example\r\n\r\nFinal-Recipient: rfc822; "
            + ticket.recipient(label)
            + "\r\nAction: failed\r\nStatus: "
            + status
            + "\r\n\r\n.";
    if (MxSet.of(domain, resolver.mx(domain), Set.of(), Chance.secure())
        instanceof MxSet.Hosts hosts) {
      InetAddress address =
          resolver
              .addresses(hosts.targets().getFirst().host(), Resolver.Family.IPV4)
              .records()
              .getFirst();
      try (Wire wire =
          SystemDialer.trusted()
              .connect(new InetSocketAddress(address, lab.smtpPort()), null, STEP)) {
        Talk talk = new Talk(wire);
        talk.reply();
        talk.say("EHLO mx.sender.example");
        talk.say("MAIL FROM:<>");
        talk.say("RCPT TO:<" + ticket.sender() + ">");
        talk.say("DATA");
        talk.say(text);
        talk.say("QUIT");
      } catch (IOException e) {
        throw new IllegalStateException("the post office is always there", e);
      }
    }
  }

  private Optional<Policy> policy(Domain domain, Map<String, Policy> cache) {
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

  private Optional<Policy> fetch(Domain domain) {
    Domain host = Domain.of("mta-sts." + domain);
    List<InetAddress> addresses =
        resolver.addresses(host, Resolver.Family.IPV4).records().stream()
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
              new References(List.of(host), Set.of(), roots),
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
      return Optional.of(new Policy(mode, patterns));
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

  /** Lines over a wire; the careless one takes what it read in clear along into TLS. */
  private final class Talk {
    private Wire wire;
    private byte[] held = new byte[0];

    Talk(Wire wire) {
      this.wire = wire;
    }

    void over(Wire next) {
      wire = next;
      if (kind != Kind.CARELESS) {
        held = new byte[0];
      }
    }

    String say(String line) throws IOException {
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
