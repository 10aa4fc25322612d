package org.sealwax.dns.live;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.sealwax.dns.validate.Source;
import org.sealwax.world.Threads;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/**
 * The messages of one inquiry, each asked for once. Questions about keys that another inquiry has
 * sent are not sent again: the questions about one domain begin side by side and need the same
 * chain of zones. Thread-safe.
 */
final class Messages implements Source {
  /** Questions about keys that are under way, of all inquiries of one resolver. */
  record Flights(Map<Query, CompletableFuture<Message>> underWay) {
    Flights() {
      this(new ConcurrentHashMap<>());
    }
  }

  private final Upstream upstream;
  private final Inquiry inquiry;
  private final Flights flights;
  private final Map<Query, CompletableFuture<Message>> asked = new ConcurrentHashMap<>();

  Messages(Upstream upstream, Inquiry inquiry, Flights flights) {
    this.upstream = upstream;
    this.inquiry = inquiry;
    this.flights = flights;
  }

  @Override
  public Message ask(Query query) throws IOException {
    CompletableFuture<Message> mine = new CompletableFuture<>();
    CompletableFuture<Message> there = asked.putIfAbsent(query, mine);
    if (there == null) {
      fetch(query, mine);
    }
    return await(there == null ? mine : there);
  }

  @Override
  public void expect(List<Query> queries) {
    for (Query query : queries) {
      CompletableFuture<Message> mine = new CompletableFuture<>();
      if (asked.putIfAbsent(query, mine) == null) {
        Threads.start("dns", () -> fetch(query, mine));
      }
    }
  }

  private void fetch(Query query, CompletableFuture<Message> mine) {
    try {
      boolean aboutKeys = query.type() == Type.DNSKEY || query.type() == Type.DS;
      mine.complete(aboutKeys ? shared(query, mine) : send(query));
    } catch (IOException e) {
      mine.completeExceptionally(e);
    } finally {
      // Whatever happened: nobody waits for a thread that is gone.
      mine.completeExceptionally(new IOException("the look-up broke off"));
    }
  }

  private Message shared(Query query, CompletableFuture<Message> mine) throws IOException {
    CompletableFuture<Message> there = flights.underWay().putIfAbsent(query, mine);
    if (there != null) {
      try {
        return await(there);
      } catch (IOException e) {
        // Trouble of an inquiry that may have had less time left than we have.
        return send(query);
      }
    }
    try {
      Message message = send(query);
      mine.complete(message);
      return message;
    } finally {
      flights.underWay().remove(query, mine);
    }
  }

  private Message send(Query query) throws IOException {
    return upstream.ask(
        Message.newQuery(Record.newRecord(query.name(), query.type(), DClass.IN)), inquiry);
  }

  private Message await(CompletableFuture<Message> future) throws IOException {
    try {
      return future.get(Math.max(0, inquiry.left().toNanos()), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (TimeoutException e) {
      throw new IOException("no answer in time", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException trouble
          ? new IOException(trouble.getMessage(), trouble)
          : new IOException(e);
    }
  }
}
