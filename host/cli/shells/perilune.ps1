# PowerShell completion of perilune; perilune says itself what may come next.
Register-ArgumentCompleter -Native -CommandName perilune, perilune.exe -ScriptBlock {
	param($word, $ast, $cursor)
	$words = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursor } | ForEach-Object { $_.ToString() })
	$program = $words[0]
	$before = @($words | Select-Object -Skip 1)
	& $program __complete @before "=$word" 2>$null | ForEach-Object {
		$value, $about = $_ -split "`t", 2
		if (-not $about) { $about = $value }
		[System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $about)
	}
}
