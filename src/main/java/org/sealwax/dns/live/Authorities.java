package org.sealwax.dns.live;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.sealwax.address.Domain;
import org.sealwax.dns.DnsSettings;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;
import org.sealwax.world.Scope;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * The authoritative servers of a zone, each asked by itself: for an examiner who wants to know
 * whether they agree. What they say is compared and never believed; nothing is validated here.
 * Thread-safe.
 */
public final class Authorities {
  /** Servers of one zone that are asked: a referral of 512 bytes has room for as many. */
  private static final int MAX_SERVERS = 13;

  /** Addresses of each. */
  private static final int MAX_ADDRESSES = 4;

  /** Names climbed in search of the zone's apex. */
  private static final int MAX_CLIMB = 10;

  private static final Duration ONE = Duration.ofSeconds(2);
  private static final Duration TOTAL = Duration.ofSeconds(15);

  private final DnsSettings settings;
  private final Clock clock;
  private final Chance chance;
  private final Predicate<InetAddress> allowed;
  private final int port;

  /**
   * For zones of strangers.
   *
   * @param settings the resolvers that find the servers
   * @param allowed addresses that may be asked: the zone names them
   * @param port of the servers: 53 except in a lab
   */
  public Authorities(
      DnsSettings settings, Clock clock, Chance chance, Predicate<InetAddress> allowed, int port) {
    this.settings = settings;
    this.clock = clock;
    this.chance = chance;
    this.allowed = allowed;
    this.port = port;
  }

  /**
   * What each server answers for TLSA: its sorted records, {@code no records}, or what came
   * instead. By server and address; empty when no server is found.
   */
  public Map<String, String> tlsa(Domain owner) throws InterruptedException {
    Inquiry inquiry = new Inquiry(clock, TOTAL);
    Lookup lookup = Lookup.of(settings, Optional.empty(), clock, chance);
    Map<String, InetSocketAddress> servers = new LinkedHashMap<>();
    try {
      Name name = Name.fromString(owner.name(), Name.root);
      for (Name server : servers(lookup, name, inquiry)) {
        addresses(lookup, server, inquiry)
            .forEach(
                a ->
                    servers.put(
                        server.toString(true) + " (" + a.getHostAddress() + ")",
                        new InetSocketAddress(a, port)));
      }
      return asked(servers, name, inquiry);
    } catch (IOException e) {
      return Map.of();
    }
  }

  private Map<String, String> asked(
      Map<String, InetSocketAddress> servers, Name owner, Inquiry inquiry)
      throws InterruptedException {
    Map<String, String> said = new LinkedHashMap<>();
    try (Scope scope = new Scope("authorities")) {
      Map<String, Scope.Task<String>> tasks = new LinkedHashMap<>();
      servers.forEach((who, at) -> tasks.put(who, scope.fork(() -> answer(at, owner, inquiry))));
      scope.join();
      tasks.forEach((who, task) -> said.put(who, task.get()));
    }
    return said;
  }

  /** The servers of the zone that a name is in. */
  private static List<Name> servers(Lookup lookup, Name owner, Inquiry inquiry) throws IOException {
    Name at = owner;
    for (int i = 0; i < MAX_CLIMB && at.labels() > 1; i++) {
      List<Name> servers = new ArrayList<>();
      for (Record r : lookup.ask(at, Type.NS, inquiry).getSection(Section.ANSWER)) {
        if (r instanceof NSRecord ns && r.getName().equals(at) && servers.size() < MAX_SERVERS) {
          servers.add(ns.getTarget());
        }
      }
      if (!servers.isEmpty()) {
        return servers;
      }
      at = new Name(at, 1);
    }
    return List.of();
  }

  private List<InetAddress> addresses(Lookup lookup, Name server, Inquiry inquiry)
      throws IOException {
    List<InetAddress> all = new ArrayList<>();
    for (int type : new int[] {Type.A, Type.AAAA}) {
      for (Record r : lookup.ask(server, type, inquiry).getSection(Section.ANSWER)) {
        Optional<InetAddress> address =
            switch (r) {
              case ARecord a -> Optional.of(a.getAddress());
              case AAAARecord a -> Optional.of(a.getAddress());
              default -> Optional.empty();
            };
        address.filter(allowed).filter(a -> all.size() < MAX_ADDRESSES).ifPresent(all::add);
      }
    }
    return all;
  }

  private String answer(InetSocketAddress at, Name owner, Inquiry inquiry) {
    Upstream one =
        new Upstream(
            new ResolverList(List.of(at), Optional.empty(), clock),
            ONE,
            true,
            Set.of(),
            clock,
            chance);
    try {
      Message answer =
          one.ask(Message.newQuery(Record.newRecord(owner, Type.TLSA, DClass.IN)), inquiry);
      List<String> records =
          answer.getSection(Section.ANSWER).stream()
              .filter(r -> r.getType() == Type.TLSA)
              .map(Record::rdataToString)
              .sorted()
              .toList();
      return records.isEmpty()
          ? answer.getRcode() == Rcode.NXDOMAIN ? "no such name" : "no records"
          : String.join(", ", records);
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }
}
