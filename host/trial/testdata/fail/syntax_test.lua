it("has no end", function()
