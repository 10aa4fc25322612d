package org.sealwax.mail.dns;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.testkit.dns.FixedResolver;

/** RFC 5321 5.1 and RFC 7505, by section. */
final class MxSetTest {
  private static final Domain DOMAIN = Domain.of("example.org");

  private static MxSet read(FixedResolver resolver, String... own) {
    Set<Domain> names = new HashSet<>();
    for (String name : own) {
      names.add(Domain.of(name));
    }
    return MxSet.of(DOMAIN, resolver.mx(DOMAIN), names, RandomSource.seeded(1));
  }

  private static FixedResolver records(String list) {
    FixedResolver.Builder builder = FixedResolver.builder().secure("example.org");
    builder.exists("example.org");
    for (String record : list.split(" ")) {
      int slash = record.indexOf('/');
      if (slash > 0) {
        builder.mx(
            "example.org",
            Integer.parseInt(record.substring(0, slash)),
            record.substring(slash + 1));
      }
    }
    return builder.build();
  }

  private static String text(MxSet set) {
    return switch (set) {
      case MxSet.Hosts hosts -> {
        List<String> words = new ArrayList<>();
        hosts.targets().forEach(t -> words.add(t.preference() + "/" + t.host()));
        yield (hosts.implicit() ? "implicit " : "") + String.join(" ", words);
      }
      case MxSet.NullMx nullMx -> "null";
      case MxSet.NoSuchDomain none -> "no such domain";
      case MxSet.LoopsBack loop -> "loops back at " + loop.own();
      case MxSet.MxLookupFailed failure -> "trouble: " + failure.reason();
    };
  }

  @ParameterizedTest(name = "{0}: {1}, we are {2}")
  @CsvSource({
    "5321 5.1 rising preference,        20/b.example 10/a.example 30/c.example, '', 10/a.example"
        + " 20/b.example 30/c.example",
    "5321 5.1 implicit MX on no data,   none, '', implicit 0/example.org",
    "5321 5.1 implicit MX is us,        none, example.org, loops back at example.org",
    "5321 5.1 cut at our preference,    10/a.example 20/us.example 20/b.example 30/c.example,"
        + " us.example, 10/a.example",
    "5321 5.1 we are the best,          10/us.example 20/a.example, us.example, loops back at"
        + " us.example",
    "5321 5.1 among equals of the best, 10/a.example 10/us.example, us.example, loops back at"
        + " us.example",
    "5321 5.1 our second name,          10/a.example 20/us2.example, us.example us2.example,"
        + " 10/a.example",
    "5321 5.1 the same host twice,      10/a.example 20/a.example 30/b.example, '', 10/a.example"
        + " 30/b.example",
    "7505 3 one record and it is a dot, 0/., '', null",
    "7505 3 whatever its preference,    10/., '', null",
    "7505 3 a dot beside others,        0/. 10/a.example, '', 10/a.example",
    "7505 3 two dots are not one,       0/. 10/., '', 'trouble: several MX records and all of them"
        + " \".\"'",
  })
  void hostsFollowTheRfcs(String section, String list, String own, String expected) {
    String[] names = own.isEmpty() ? new String[0] : own.split(" ");
    assertEquals(expected, text(read(records(list), names)), section);
  }

  @Test
  void nxdomainNodataAndFailureAreDistinct() {
    assertEquals(
        new MxSet.NoSuchDomain(DnssecStatus.SECURE),
        read(FixedResolver.builder().secure("example.org").build()));
    assertEquals(
        new MxSet.MxLookupFailed(DnssecStatus.FAILED, "SERVFAIL"),
        read(FixedResolver.builder().fails("example.org").build()));
    assertEquals(
        new MxSet.MxLookupFailed(DnssecStatus.BOGUS, "signature expired"),
        read(FixedResolver.builder().bogus("example.org").build()));
  }

  @Test
  void readsAnAliasedDomainAtTheEndOfTheChain() {
    FixedResolver resolver =
        FixedResolver.builder()
            .cname("example.org", "real.example")
            .mx("real.example", 5, "mx.example")
            .secure("example.org")
            .build();
    MxSet.Hosts hosts = assertInstanceOf(MxSet.Hosts.class, read(resolver));
    assertEquals(Domain.of("real.example"), hosts.name());
    assertEquals(DnssecStatus.INSECURE, hosts.security());
    FixedResolver bare =
        FixedResolver.builder()
            .cname("example.org", "real.example")
            .a("real.example", "192.0.2.1")
            .build();
    assertEquals("implicit 0/example.org", text(read(bare)));
    assertEquals("loops back at real.example", text(read(bare, "real.example")));
  }

  @Test
  void triesEqualHostsInEveryOrder() {
    FixedResolver resolver = records("10/a.example 10/b.example 10/c.example");
    Set<String> orders = new HashSet<>();
    for (int seed = 0; seed < 200; seed++) {
      orders.add(text(MxSet.of(DOMAIN, resolver.mx(DOMAIN), Set.of(), RandomSource.seeded(seed))));
    }
    assertEquals(6, orders.size(), orders.toString());
  }

  @ParameterizedTest
  @CsvSource({"32, 32", "33, 32", "500, 32"})
  void hostLimitIs32(int published, int taken) {
    FixedResolver.Builder builder = FixedResolver.builder();
    for (int i = 0; i < published; i++) {
      builder.mx("example.org", i, "mx" + i + ".example");
    }
    MxSet.Hosts hosts = assertInstanceOf(MxSet.Hosts.class, read(builder.build()));
    assertEquals(taken, hosts.targets().size());
    assertEquals(taken - 1, hosts.targets().getLast().preference());
  }

  @Property(tries = 300)
  void neverOffersOurselvesNorAnyHostTwiceNorOutOfOrder(
      @ForAll @Size(min = 1, max = 12) List<@IntRange(min = 0, max = 5) Integer> preferences,
      @ForAll @IntRange(min = 0, max = 3) int own,
      @ForAll long seed) {
    FixedResolver.Builder builder = FixedResolver.builder();
    int best = Integer.MAX_VALUE;
    for (int i = 0; i < preferences.size(); i++) {
      builder.mx("example.org", preferences.get(i), "mx" + i % 4 + ".example");
      best = i % 4 == own ? Math.min(best, preferences.get(i)) : best;
    }
    Domain us = Domain.of("mx" + own + ".example");
    MxSet set = MxSet.of(DOMAIN, builder.build().mx(DOMAIN), Set.of(us), RandomSource.seeded(seed));
    if (set instanceof MxSet.Hosts hosts) {
      int last = -1;
      Set<Domain> seen = new HashSet<>();
      for (MxSet.MxHost target : hosts.targets()) {
        assertTrue(target.preference() >= last && target.preference() < best, set.toString());
        assertTrue(seen.add(target.host()) && !target.host().equals(us), set.toString());
        last = target.preference();
      }
    } else {
      assertEquals(new MxSet.LoopsBack(us), set);
    }
  }
}
