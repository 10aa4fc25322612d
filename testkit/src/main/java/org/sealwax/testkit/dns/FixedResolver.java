package org.sealwax.testkit.dns;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.CaaRecord;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.Nsec3ParamRecord;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.ReverseName;
import org.sealwax.mail.dns.TlsaRecord;

/**
 * A whole DNS tree as one literal: answers from a table, without network, clock or threads. For
 * unit tests and the simulation; what it states obeys the same rules as the live resolver (CNAMEs
 * followed, a name without records but with names below it exists, failure is never denial).
 *
 * <pre>{@code
 * FixedResolver.builder()
 *     .mx("example.org", 10, "mx.example.org")
 *     .address("mx.example.org", "192.0.2.1")
 *     .secure("example.org")
 *     .fails("broken.example")
 *     .build();
 * }</pre>
 *
 * <p>Everything is INSECURE unless {@link Builder#secure} covers it.
 */
public final class FixedResolver implements Resolver {
  /** The record types of the table. */
  public enum Type {
    MX,
    A,
    AAAA,
    TXT,
    TLSA,
    PTR,
    CAA,
    NSEC3PARAM,
    CNAME
  }

  private record FixedFailure(DnssecStatus security, String reason) {}

  private static final class Node {
    final Map<Type, List<Object>> records = new EnumMap<>(Type.class);
    final Map<Type, FixedFailure> troubles = new EnumMap<>(Type.class);
    @Nullable Domain alias;

    Node copy() {
      Node copy = new Node();
      records.forEach((type, list) -> copy.records.put(type, new ArrayList<>(list)));
      copy.troubles.putAll(troubles);
      copy.alias = alias;
      return copy;
    }
  }

  private final Map<Domain, Node> nodes;
  private final Set<Domain> secure;
  private final Duration ttl;
  private final Set<Domain> existing = new HashSet<>();

  private FixedResolver(Builder builder) {
    this.nodes = copy(builder.nodes);
    this.secure = Set.copyOf(builder.secure);
    this.ttl = builder.ttl;
    for (Domain name : nodes.keySet()) {
      Optional<Domain> at = Optional.of(name);
      while (at.isPresent()) {
        existing.add(at.get());
        at = at.get().parent();
      }
    }
  }

  private static Map<Domain, Node> copy(Map<Domain, Node> nodes) {
    Map<Domain, Node> copy = new HashMap<>();
    nodes.forEach((name, node) -> copy.put(name, node.copy()));
    return copy;
  }

  /** An empty tree: every name is denied. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this tree; this tree stays as it is. */
  public Builder toBuilder() {
    Builder builder = new Builder();
    builder.nodes.putAll(copy(nodes));
    builder.secure.addAll(secure);
    builder.ttl = ttl;
    return builder;
  }

  @Override
  public DnsAnswer<MxRecord> mx(Domain domain) {
    return query(domain, Type.MX, MxRecord.class);
  }

  @Override
  public DnsAnswer<InetAddress> addresses(Domain host, AddressFamily family) {
    return switch (family) {
      case IPV4 -> query(host, Type.A, InetAddress.class);
      case IPV6 -> query(host, Type.AAAA, InetAddress.class);
    };
  }

  @Override
  public DnsAnswer<String> txt(Domain name) {
    return query(name, Type.TXT, String.class);
  }

  @Override
  public DnsAnswer<TlsaRecord> tlsa(Domain owner) {
    return query(owner, Type.TLSA, TlsaRecord.class);
  }

  @Override
  public DnsAnswer<Domain> alias(Domain name) {
    Node node = nodes.get(name);
    FixedFailure failure = node == null ? null : node.troubles.get(Type.CNAME);
    if (node == null || node.alias == null || failure != null) {
      return query(name, Type.CNAME, Domain.class);
    }
    DnssecStatus security = isSecure(name) ? DnssecStatus.SECURE : DnssecStatus.INSECURE;
    return new DnsAnswer<>(List.of(node.alias), DnsAnswer.Kind.FOUND, security, name, 0, ttl, "");
  }

  @Override
  public Resolver cacheOnly() {
    return this;
  }

  @Override
  public DnsAnswer<Domain> reverse(InetAddress address) {
    return query(ReverseName.of(address), Type.PTR, Domain.class);
  }

  @Override
  public DnsAnswer<CaaRecord> caa(Domain name) {
    return query(name, Type.CAA, CaaRecord.class);
  }

  @Override
  public DnsAnswer<Nsec3ParamRecord> nsec3param(Domain zone) {
    return query(zone, Type.NSEC3PARAM, Nsec3ParamRecord.class);
  }

  private <T> DnsAnswer<T> query(Domain asked, Type type, Class<T> data) {
    Domain name = asked;
    DnssecStatus security = DnssecStatus.SECURE;
    for (int aliases = 0; aliases <= MAX_ALIASES; aliases++) {
      if (!isSecure(name)) {
        security = DnssecStatus.INSECURE;
      }
      Node node = nodes.get(name);
      if (node == null) {
        DnsAnswer.Kind kind =
            existing.contains(name) ? DnsAnswer.Kind.NO_DATA : DnsAnswer.Kind.NO_NAME;
        return new DnsAnswer<>(List.of(), kind, security, name, aliases, ttl, "");
      }
      FixedFailure failure = node.troubles.get(type);
      if (failure != null) {
        return DnsAnswer.unknown(failure.security, name, aliases, Duration.ZERO, failure.reason);
      }
      if (node.alias == null) {
        List<T> records =
            node.records.getOrDefault(type, List.of()).stream().map(data::cast).toList();
        DnsAnswer.Kind kind = records.isEmpty() ? DnsAnswer.Kind.NO_DATA : DnsAnswer.Kind.FOUND;
        return new DnsAnswer<>(records, kind, security, name, aliases, ttl, "");
      }
      name = node.alias;
    }
    return DnsAnswer.unknown(
        DnssecStatus.FAILED,
        asked,
        MAX_ALIASES,
        Duration.ZERO,
        "more than " + MAX_ALIASES + " aliases");
  }

  private boolean isSecure(Domain name) {
    Optional<Domain> at = Optional.of(name);
    while (at.isPresent()) {
      if (secure.contains(at.get())) {
        return true;
      }
      at = at.get().parent();
    }
    return false;
  }

  /** Collects the table. Names are written as in a zone file, the trailing dot optional. */
  public static final class Builder {
    private final Map<Domain, Node> nodes = new HashMap<>();
    private final Set<Domain> secure = new HashSet<>();
    private Duration ttl = Duration.ofHours(1);

    private Builder() {}

    private Node node(String name) {
      return nodes.computeIfAbsent(domain(name), ignored -> new Node());
    }

    /** A domain, or a name that only a query has. */
    private static Domain domain(String name) {
      return Domain.parse(name)
          .or(() -> Domain.ofQuery(name))
          .orElseThrow(() -> new IllegalArgumentException("not a name: " + name));
    }

    private Builder add(String name, Type type, Object record) {
      node(name).records.computeIfAbsent(type, ignored -> new ArrayList<>()).add(record);
      return this;
    }

    /** An MX record; {@code exchange} may be {@code .} (RFC 7505). */
    public Builder mx(String domain, int preference, String exchange) {
      Optional<Domain> host =
          exchange.equals(".") ? Optional.empty() : Optional.of(domain(exchange));
      return add(domain, Type.MX, new MxRecord(preference, host));
    }

    /** An A or AAAA record, by the form of the address. */
    public Builder address(String host, String address) {
      InetAddress parsed = InetAddress.ofLiteral(address);
      return add(host, parsed instanceof Inet4Address ? Type.A : Type.AAAA, parsed);
    }

    /** An A record; the same as {@link #address}, to be read as in a zone file. */
    public Builder a(String host, String address) {
      return address(host, address);
    }

    /** An AAAA record; the same as {@link #address}, to be read as in a zone file. */
    public Builder aaaa(String host, String address) {
      return address(host, address);
    }

    /** A TXT record of one string. */
    public Builder txt(String name, String text) {
      return add(name, Type.TXT, text);
    }

    /** A TLSA record at its full owner name ({@code _25._tcp.mx.example.org}). */
    public Builder tlsa(String owner, TlsaRecord record) {
      return add(owner, Type.TLSA, record);
    }

    /** A CAA record. */
    public Builder caa(String name, CaaRecord record) {
      return add(name, Type.CAA, record);
    }

    /** An NSEC3PARAM record at a zone's apex. */
    public Builder nsec3param(String zone, Nsec3ParamRecord record) {
      return add(zone, Type.NSEC3PARAM, record);
    }

    /** A PTR record at its full owner name ({@code 1.2.0.192.in-addr.arpa}). */
    public Builder ptr(String owner, String name) {
      return add(owner, Type.PTR, domain(name));
    }

    /** A CNAME record. */
    public Builder cname(String name, String target) {
      node(name).alias = Domain.of(target);
      return this;
    }

    /** The name exists, without any records: NO_DATA instead of NO_NAME. */
    public Builder exists(String name) {
      node(name);
      return this;
    }

    /** Every question for this name is FAILED. */
    public Builder fails(String name) {
      return failure(name, new FixedFailure(DnssecStatus.FAILED, "SERVFAIL"), Type.values());
    }

    /** Questions of these types for this name are FAILED. */
    public Builder fails(String name, Type... types) {
      return failure(name, new FixedFailure(DnssecStatus.FAILED, "SERVFAIL"), types);
    }

    /** Every question for this name is BOGUS. */
    public Builder bogus(String name) {
      return failure(
          name, new FixedFailure(DnssecStatus.BOGUS, "signature expired"), Type.values());
    }

    /** Questions of these types for this name are BOGUS. */
    public Builder bogus(String name, Type... types) {
      return failure(name, new FixedFailure(DnssecStatus.BOGUS, "signature expired"), types);
    }

    private Builder failure(String name, FixedFailure failure, Type... types) {
      for (Type type : types) {
        node(name).troubles.put(type, failure);
      }
      return this;
    }

    /** Answers and denials at and below this name are SECURE. */
    public Builder secure(String zone) {
      secure.add(Domain.of(zone));
      return this;
    }

    /** Takes everything at exactly this name away, as if the zone had been edited. */
    public Builder without(String name) {
      nodes.remove(Domain.of(name));
      return this;
    }

    /** TTL of all answers; default: one hour. */
    public Builder ttl(Duration ttl) {
      this.ttl = ttl;
      return this;
    }

    /** The tree so far. */
    public FixedResolver build() {
      return new FixedResolver(this);
    }
  }
}
